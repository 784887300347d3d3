/** What docs/frontends.md and README.md show compiles against the package as it is published. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";

import { PACKAGE } from "./chromium.js";

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
