/** What docs/frontends.md and README.md show compiles against the package as it is published, and README.md's runs.
 * tests/clients/test_web_projects.py runs those of docs/frontends.md. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";

import { transform } from "esbuild";

import { PACKAGE, runInPage, skip } from "./chromium.js";
import { photo, startService } from "./service.js";

const PAGES = { frontends: `${PACKAGE}../../docs/frontends.md`, readme: `${PACKAGE}README.md` };
/** What README.md's snippets take for granted. */
const GIVEN = `
import { Jppnet as GivenClient } from "jppnet";
declare global {
  const jppnet: GivenClient;
  const file: File;
  const image: HTMLImageElement;
  const [x, y]: [number, number];
  const [url, apiKey, timeoutMs, retries, maxSide]: [string, string, number, number, number];
  const onRetry: () => void;
}`;

/** The snippets of a page by the file that each becomes; of a Vue component, its script. */
function snippets(name: string, page: string): [file: string, code: string][] {
  const blocks = [...page.matchAll(/^```(\w+)\n(.*?)^```/gms)].map(([, language, code]) => [language!, code!] as const);
  return blocks.flatMap(([language, code], index): [string, string][] => {
    const script = language === "vue" ? /<script setup lang="ts">(.*?)<\/script>/s.exec(code)![1]! : code;
    const ending = { ts: "ts", tsx: "tsx", vue: "ts" }[language];
    return ending ? [[`${name}-${index}.${ending}`, `${script}\nexport {};\n`]] : [];
  });
}

test("every snippet compiles", () => {
  const folder = `${PACKAGE}build/snippets`;
  mkdirSync(folder, { recursive: true });
  const files = Object.entries(PAGES).flatMap(([name, path]) => snippets(name, readFileSync(path, "utf8")));
  assert.ok(files.length >= 10, `${files.length} snippets`);
  for (const [file, code] of [...files, ["given.ts", `${GIVEN}\nexport {};`]] as const) writeFileSync(`${folder}/${file}`, code);
  const compilerOptions = { noEmit: true, rootDir: "../.." };
  writeFileSync(`${folder}/tsconfig.json`, JSON.stringify({ extends: "../../tsconfig.json", compilerOptions, include: ["."] }));
  const result = spawnSync("npx", ["tsc", "-p", folder], { cwd: PACKAGE, encoding: "utf8" });
  assert.equal(result.stdout, "");
  assert.equal(result.status, 0, result.stderr);
});

test("every snippet of README.md runs", { skip }, async () => {
  const service = await startService({ JPPNET_CORS_ORIGINS: "*" });
  const shown = snippets("readme", readFileSync(PAGES.readme, "utf8"));
  const scripts = shown.map(async ([file, code]): Promise<[string, Uint8Array]> => {
    const here = code.replaceAll("http://localhost:8000", service).replaceAll('"jppnet"', '"/dist/index.js"');
    const { code: script } = await transform(here, { loader: "ts" });
    return [`/${file}.js`, new TextEncoder().encode(script)];
  });
  const files = Object.fromEntries(await Promise.all(scripts));
  const told = await runInPage(
    `const { Jppnet } = await import("/dist/index.js");
    const file = new File([await (await fetch("/photo.jpg")).blob()], "photo.jpg");
    const given = { jppnet: new Jppnet("${service}"), file, image: new Image(), x: 225, y: 130, url: "${service}", apiKey: "key",
      timeoutMs: 1000, retries: 1, maxSide: 512, onRetry() {} };
    Object.assign(globalThis, given);
    for (const script of ${JSON.stringify(Object.keys(files))}) await import(script);
    await given.image.decode();
    return given.image.naturalWidth;`,
    { ...files, "/photo.jpg": photo },
  );
  assert.equal(told, 512);
  assert.ok(shown.length >= 4, `${shown.length} snippets`);
});
