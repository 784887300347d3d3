/** Sessions of onnxruntime-web. */
import type { InferenceSession } from "onnxruntime-web";

import type { LoadedModel, Setup } from "./protocol.js";

export type Provider = LoadedModel["provider"];
type Runtime = typeof import("onnxruntime-web");
export interface OpenSession {
  session: InferenceSession;
  /** A tensor of one picture (height, width, 3). */
  picture(data: Uint8Array, height: number, width: number): InferenceSession.OnnxValueMapType;
}

export async function openSession(provider: Provider, file: Uint8Array, setup: Setup): Promise<OpenSession> {
  const ort: Runtime =
    provider === "webgpu" ? await import("onnxruntime-web/webgpu") : await import("onnxruntime-web/wasm");
  if (setup.wasmPaths !== undefined) ort.env.wasm.wasmPaths = setup.wasmPaths;
  if (setup.wasm !== undefined) ort.env.wasm.wasmBinary ??= await unpacked(setup.wasm);
  // Threads need a page that is cross-origin isolated.
  if (!globalThis.crossOriginIsolated) ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(file, { executionProviders: [provider], logSeverityLevel: 3 });
  return {
    session,
    picture: (data, height, width) => ({ image: new ort.Tensor("uint8", data, [1, height, width, 3]) }),
  };
}

/** A file, unpacked if its name ends as gzip's. */
async function unpacked(url: string): Promise<ArrayBuffer> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} answers ${answer.status} in place of onnxruntime-web's file.`);
  if (!new URL(url).pathname.endsWith(".gz")) return answer.arrayBuffer();
  return new Response(answer.body!.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}
