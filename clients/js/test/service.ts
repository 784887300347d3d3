/** A jppnet service of one's own, with the default model, for as long as a test file runs. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const PYTHON = process.env["PYTHON"] ?? `${ROOT}.venv/bin/python`;

/** NASA's portrait of Eileen Collins, 512×512. */
export const photo: Buffer = await readFile(`${ROOT}export/astronaut.jpg`);

/** Starts a service with these settings and gives its address; it ends with the test file. */
export async function startService(settings: Record<string, string> = {}): Promise<string> {
  if (!existsSync(PYTHON)) throw new Error(`There is no ${PYTHON}: run \`make install-dev\`, or set PYTHON.`);
  const quick = { JPPNET_PORT: "0", JPPNET_PROVIDER: "cpu", JPPNET_LANES: "1", JPPNET_MAX_BATCH: "1" };
  const service = spawn(PYTHON, ["-m", "service.cli", "serve"], {
    cwd: ROOT,
    env: { ...process.env, PYTHONPATH: `${ROOT}:${ROOT}clients/python`, ...quick, ...settings },
    stdio: ["ignore", "ignore", "pipe"],
  });
  after(() => service.kill());
  let log = "";
  for await (const text of service.stderr.setEncoding("utf8")) {
    log += text;
    const address = /running on (http:\/\/\S+)/.exec(log)?.[1];
    if (address) return address;
  }
  throw new Error(`The service did not start:\n${log}`);
}

/** A shipped model alone in a folder, so that the service takes no other precision of it. */
export async function soleModel(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "jppnet-model-"));
  after(() => rm(folder, { recursive: true }));
  const file = join(folder, name);
  await copyFile(`${ROOT}service/models/${name}`, file);
  return file;
}
