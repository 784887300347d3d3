/** A page with `jppnet/local`: its files, and how its answers are compared with the service's. */
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

import { PACKAGE } from "./chromium.js";

export const ROOT = fileURLToPath(new URL("../../", `file://${PACKAGE}`));
const ORT = `${PACKAGE}node_modules/onnxruntime-web/dist/`;

/** The page's files: the Worker as a bundler makes it of the package's own, and what it needs at run time. */
export async function localFiles(): Promise<Record<string, string | Uint8Array>> {
  const bundled = await build({
    entryPoints: [`${PACKAGE}dist/local/worker.js`],
    bundle: true,
    format: "esm",
    conditions: ["onnxruntime-web-use-extern-wasm"],
    write: false,
    logLevel: "error",
  });
  return {
    "/dist/local/worker.js": bundled.outputFiles[0]!.contents,
    "/ort/ort-wasm-simd-threaded.wasm": `${ORT}ort-wasm-simd-threaded.wasm`,
    "/ort/ort-wasm-simd-threaded.mjs": `${ORT}ort-wasm-simd-threaded.mjs`,
  };
}

/** For the page: the share of pixels that are equal in two answers' PNGs of that name. */
export const PLANE = `
  const plane = async (answer, name) => {
    const bytes = Uint8Array.from(atob(answer[name]), (letter) => letter.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes]));
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
    context.drawImage(bitmap, 0, 0);
    return new Uint32Array(context.getImageData(0, 0, bitmap.width, bitmap.height).data.buffer);
  };
  const equalShare = async (name, answers) => {
    const [ours, theirs] = await Promise.all(answers.map((answer) => plane(answer, name)));
    return ours.filter((value, pixel) => value === theirs[pixel]).length / theirs.length;
  };`;
