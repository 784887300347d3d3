/** A page in a real browser that reaches nothing but this machine, and what it reports. */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** The package's folder. */
export const PACKAGE = fileURLToPath(new URL("../../", import.meta.url));

const TYPES: Record<string, string> = {
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
  ".jpg": "image/jpeg",
  ".png": "image/png",
};
const FLAGS = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

function findChromium(): string | undefined {
  for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
    try {
      return execFileSync("which", [name], { encoding: "utf8" }).trim();
    } catch {
      continue;
    }
  }
  return undefined;
}

const chromium = findChromium();
/** Why tests in a browser are passed over; false if they are not. */
export const skip = chromium ? false : "there is no Chromium here";

/**
 * Runs a module in a page, and gives what it returns (as JSON) or throws. Files come from the package's `dist`, or from
 * `files`: path in the page → file on disk, or content.
 */
export async function runInPage(body: string, files: Record<string, string | Uint8Array> = {}): Promise<unknown> {
  const page = `<!doctype html><meta charset="utf-8"><body><script type="module">
    const run = async () => { ${body} };
    window.onerror = (message) => report({ error: String(message) });
    const report = (outcome) => fetch("/report", { method: "POST", body: JSON.stringify(outcome) });
    run().then((value) => report({ value }), (error) => report({ error: String(error?.stack ?? error) + String(error) }));
  </script>`;
  let tell: (text: string) => void;
  const told = new Promise<string>((resolve) => (tell = resolve));
  const server = createServer(async (request, response) => {
    const path = new URL(request.url ?? "/", "http://page").pathname;
    if (path === "/report") {
      let text = "";
      for await (const chunk of request) text += chunk;
      response.end();
      return tell(text);
    }
    if (path === "/") return response.writeHead(200, { "Content-Type": "text/html" }).end(page);
    const file = files[path] ?? (path.startsWith("/dist/") ? join(PACKAGE, path) : "");
    if (typeof file === "string" && !existsSync(file)) return response.writeHead(404).end();
    const content = typeof file === "string" ? readFileSync(file) : file;
    response.writeHead(200, { "Content-Type": TYPES[extname(path)] ?? "application/octet-stream" }).end(content);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const profile = mkdtempSync(join(tmpdir(), "jppnet-browser-"));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  // A process group of its own, so that its helper processes, which write to the profile, end with it.
  const browser = spawn(chromium!, [...FLAGS, `--user-data-dir=${profile}`, url], { stdio: "ignore", detached: true });
  try {
    const outcome = JSON.parse(await told) as { value?: unknown; error?: string };
    if (outcome.error !== undefined) throw new Error(outcome.error);
    return outcome.value;
  } finally {
    server.closeAllConnections();
    server.close();
    const ended = new Promise((resolve) => browser.once("exit", resolve));
    process.kill(-browser.pid!, "SIGKILL");
    await ended;
    await removeFolder(profile);
  }
}

/** Removes a folder in which processes that were killed just now may have written a last file. */
async function removeFolder(folder: string): Promise<void> {
  for (const deadline = Date.now() + 10_000; ; await sleep(100)) {
    try {
      // Its own `maxRetries` never looks again for what was written since.
      return rmSync(folder, { recursive: true, force: true });
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}
