/** In a browser, from another origin: the modules as they are published, and a service that lets the page in. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { photo, startService } from "./service.js";

const dist = fileURLToPath(new URL("../../dist", import.meta.url));

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

const page = (service: string) => `<!doctype html><script type="module">
  import { Jppnet, ProblemError, labelIds } from "/dist/index.js";
  const report = (text) => fetch("/report", { method: "POST", body: text });
  try {
    const jppnet = new Jppnet("${service}");
    const file = new File([await (await fetch("/photo.jpg")).blob()], "photo.jpg");
    const answer = await jppnet.parse(file, { mask: "rle" });
    const picture = await createImageBitmap(await jppnet.parse(file, { format: "ids" }));
    const context = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
    context.drawImage(picture, 0, 0);
    const { data } = context.getImageData(0, 0, picture.width, picture.height);
    const same = labelIds(answer).ids.every((id, pixel) => id === data[4 * pixel]);
    const problem = await jppnet.parse(new Blob([])).catch((error) => error);
    await report(JSON.stringify({ same, problem: problem instanceof ProblemError && problem.requestId.length }));
  } catch (error) {
    await report(String(error));
  }
</script>`;

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

test("a page of another origin", { skip: chromium ? false : "there is no Chromium here" }, async () => {
  const service = await startService({ JPPNET_CORS_ORIGINS: "*" });
  let tell: (text: string) => void;
  const told = new Promise<string>((resolve) => (tell = resolve));
  const server = createServer(async (request, response) => {
    const path = request.url ?? "/";
    if (path === "/report") {
      let text = "";
      for await (const chunk of request) text += chunk;
      response.end();
      tell(text);
    } else if (path === "/") response.writeHead(200, { "Content-Type": "text/html" }).end(page(service));
    else if (path === "/photo.jpg") response.writeHead(200, { "Content-Type": "image/jpeg" }).end(photo);
    else if (path.startsWith("/dist/") && path.endsWith(".js"))
      response.writeHead(200, { "Content-Type": "text/javascript" }).end(readFileSync(join(dist, path.slice(5))));
    else response.writeHead(404).end();
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const profile = mkdtempSync(join(tmpdir(), "jppnet-browser-"));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"];
  // A process group of its own, so that its helper processes, which write to the profile, end with it.
  const browser = spawn(chromium!, [...flags, `--user-data-dir=${profile}`, url], { stdio: "ignore", detached: true });
  after(async () => {
    server.closeAllConnections();
    server.close();
    const ended = new Promise((resolve) => browser.once("exit", resolve));
    process.kill(-browser.pid!, "SIGKILL");
    await ended;
    await removeFolder(profile);
  });
  assert.deepEqual(JSON.parse(await told), { same: true, problem: 32 });
});
