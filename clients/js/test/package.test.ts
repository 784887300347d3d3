/** What is published is whole and up to date. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";

import { build } from "esbuild";

const cwd = fileURLToPath(new URL("../../", import.meta.url));

test("the types are those of the OpenAPI document", () => {
  assert.match(execFileSync("npm", ["run", "types", "--", "--check"], { cwd, encoding: "utf8" }), /openapi/);
});

test("the package holds code, types, sources, licence and a page to read", () => {
  const listing = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd, encoding: "utf8" });
  const [packed] = JSON.parse(listing.slice(listing.indexOf("[\n"))) as [{ files: { path: string }[] }];
  const files = packed.files.map((file) => file.path);
  for (const file of ["dist/index.js", "dist/index.d.ts", "src/index.ts", "README.md", "LICENSE", "package.json"]) {
    assert.ok(files.includes(file), file);
  }
  assert.ok(files.every((file) => /^(dist|src)\/|^[^/]+$/.test(file)), files.join());
});

test("nothing comes along, and the lock names no registry", () => {
  const { dependencies } = JSON.parse(readFileSync(`${cwd}package.json`, "utf8")) as { dependencies?: object };
  assert.equal(dependencies, undefined);
  assert.doesNotMatch(readFileSync(`${cwd}package-lock.json`, "utf8"), /"resolved"|registry\./);
});

test("the core stays small", async () => {
  const options = { bundle: true, minify: true, splitting: true, format: "esm", write: false, outdir: "out" } as const;
  const { outputFiles } = await build({ ...options, entryPoints: [`${cwd}dist/index.js`] });
  const core = outputFiles.find(({ path }) => path.endsWith("index.js"))!;
  const size = gzipSync(core.contents).length;
  assert.ok(size <= 3_000, `${size} bytes with gzip`);
});

test("every entry is found, by older resolution, too", async () => {
  const { exports, typesVersions, main, types } = JSON.parse(readFileSync(`${cwd}package.json`, "utf8")) as {
    exports: Record<string, string | { types: string; default: string }>;
    typesVersions: { "*": Record<string, [string]> };
    main: string;
    types: string;
  };
  for (const [entry, target] of Object.entries(exports)) {
    if (typeof target === "string") continue;
    for (const file of [target.types, target.default]) assert.ok(existsSync(cwd + file), file);
    assert.equal(entry === "." ? types : typesVersions["*"][entry.slice(2)]![0], target.types);
  }
  assert.ok(existsSync(cwd + main));
});

test("from CommonJS, import() loads it", () => {
  const script = 'import("jppnet").then(({ Jppnet }) => console.log(typeof Jppnet))';
  assert.equal(execFileSync("node", ["--input-type=commonjs", "-e", script], { cwd, encoding: "utf8" }).trim(), "function");
});

test("what the service's page takes of this package is up to date: npm run page", () => {
  const fresh = mkdtempSync(join(tmpdir(), "jppnet-page-"));
  after(() => rmSync(fresh, { recursive: true }));
  execFileSync("node", ["page/build.mjs", fresh], { cwd });
  for (const file of readdirSync(fresh)) {
    const kept = readFileSync(`${cwd}../../service/web/client/${file}`);
    const made = readFileSync(join(fresh, file));
    // How gzip packs is the matter of zlib's version; what it holds is not.
    const content = (bytes: Buffer) => (file.endsWith(".gz") ? gunzipSync(bytes) : bytes);
    assert.ok(content(kept).equals(content(made)), file);
  }
});

test("the types of problems are those of the service", () => {
  const told = readFileSync(`${cwd}../../service/api/problems/types.py`, "utf8");
  const slugs = [...told.matchAll(/ProblemType\(\s*\d+,\s*"([a-z0-9-]+)"/g)].map(([, slug]) => slug!);
  const known = [...readFileSync(`${cwd}src/problem-type.ts`, "utf8").matchAll(/\| "([a-z0-9-]+)"/g)].map(([, slug]) => slug!);
  const neverSent = "hung-up";
  assert.deepEqual([...new Set(slugs)].filter((slug) => slug !== neverSent).sort(), known);
});
