/** A model in onnxruntime-web, proven on its golden sample. */
import type { InferenceSession } from "onnxruntime-web";

import type { Model } from "./analysis.js";
import { type Card, readCard } from "./card.js";
import { pixelsOf } from "./pixels.js";
import type { LoadedModel, Setup } from "./protocol.js";
import type { Prediction } from "./view.js";

/** Joints whose golden score is below are not compared: their place is noise. */
const MIN_SCORE = 0.3;

type Provider = LoadedModel["provider"];
type Runtime = typeof import("onnxruntime-web");

/** Opens a model file on WebGPU if there is one and it computes rightly, else on WASM. */
export async function openModel(file: Uint8Array, setup: Setup): Promise<Model & { provider: Provider }> {
  const card = readCard(file);
  const reasons: string[] = [];
  for (const provider of await providers(setup.provider)) {
    try {
      const model = await openOn(provider, file, card, setup);
      await checkGolden(model);
      return { ...model, provider };
    } catch (error) {
      reasons.push(`${provider}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Error(`The model ${card.name} does not run here (${reasons.join("; ")}).`);
}

async function providers(wanted: Setup["provider"]): Promise<Provider[]> {
  if (wanted !== "auto") return [wanted];
  type Gpu = { requestAdapter(): Promise<unknown> };
  const gpu = (navigator as { gpu?: Gpu }).gpu;
  return (await gpu?.requestAdapter().catch(() => null)) ? ["webgpu", "wasm"] : ["wasm"];
}

async function openOn(provider: Provider, file: Uint8Array, card: Card, setup: Setup): Promise<Model> {
  const ort: Runtime =
    provider === "webgpu" ? await import("onnxruntime-web/webgpu") : await import("onnxruntime-web/wasm");
  if (setup.wasmPaths !== undefined) ort.env.wasm.wasmPaths = setup.wasmPaths;
  if (setup.wasm !== undefined) ort.env.wasm.wasmBinary ??= await unpacked(setup.wasm);
  // Threads need a page that is cross-origin isolated.
  if (!globalThis.crossOriginIsolated) ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(file, { executionProviders: [provider], logSeverityLevel: 3 });
  const input = inputSize(session);
  return {
    card,
    input,
    async run(image) {
      const feeds = { image: new ort.Tensor("uint8", image, [1, input.height, input.width, 3]) };
      const { labels, confidence, keypoints } = await session.run(feeds);
      const [, height, width] = labels!.dims as [number, number, number];
      return {
        labels: { width, height, data: labels!.data as Uint8Array },
        confidence: { width, height, data: confidence!.data as Uint8Array },
        keypoints: keypoints ? (keypoints.data as Float32Array) : new Float32Array(),
      };
    },
  };
}

/** A file, unpacked if its name ends as gzip's. */
async function unpacked(url: string): Promise<ArrayBuffer> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} answers ${answer.status} in place of onnxruntime-web's file.`);
  if (!new URL(url).pathname.endsWith(".gz")) return answer.arrayBuffer();
  return new Response(answer.body!.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

function inputSize(session: InferenceSession): Model["input"] {
  const image = session.inputMetadata.find(({ name }) => name === "image");
  const [, height, width] = image?.isTensor ? image.shape : [];
  if (typeof height !== "number" || typeof width !== "number") {
    throw new Error("The model has no input “image” of a fixed height and width.");
  }
  return { height, width };
}

/** Throws unless the model computes what it did when it was made. */
async function checkGolden(model: Model): Promise<void> {
  const { golden } = model.card;
  const image = await pngPixels(golden.image, 3);
  const labels = await pngPixels(golden.labels, 1);
  const answer = await model.run(image);
  const joints = golden.keypoints?.flat() ?? [];
  if (answer.labels.data.length !== labels.length || answer.keypoints.length !== joints.length) {
    throw new Error("the golden sample's answer is of another size");
  }
  const agreement = answer.labels.data.filter((label, cell) => label === labels[cell]).length / labels.length;
  if (!(agreement >= golden.min_label_agreement)) {
    throw new Error(`${(100 * agreement).toFixed(2)} % of the golden sample's labels come back`);
  }
  const distance = largestDistance(answer, golden.keypoints ?? []);
  if (!(distance <= (golden.max_keypoint_distance ?? Infinity))) {
    throw new Error(`a joint of the golden sample lies ${distance.toFixed(1)} pixels off`);
  }
}

function largestDistance({ keypoints }: Prediction, golden: readonly (readonly [number, number, number])[]): number {
  const distances = golden.map(([x, y, score], joint) =>
    score < MIN_SCORE ? 0 : Math.hypot(keypoints[3 * joint]! - x, keypoints[3 * joint + 1]! - y),
  );
  return Math.max(0, ...distances);
}

async function pngPixels(base64: string, channels: 1 | 3): Promise<Uint8Array> {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const { data } = await pixelsOf(new Blob([bytes], { type: "image/png" }));
  const out = new Uint8Array((data.length / 4) * channels);
  for (let pixel = 0; 4 * pixel < data.length; pixel++) {
    for (let channel = 0; channel < channels; channel++) out[channels * pixel + channel] = data[4 * pixel + channel]!;
  }
  return out;
}
