/** What is published is whole and up to date. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

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
