/** A model in onnxruntime-web, proven on its golden sample. */
import type { InferenceSession } from "onnxruntime-web";

import type { Model } from "./analysis.js";
import { type Card, readCard } from "./card.js";
import { pngPixels } from "./pixels.js";
import type { Setup } from "./protocol.js";
import { type Provider, openSession } from "./runtime.js";
import type { Prediction } from "./view.js";

/** Joints whose golden score is below are not compared: in 8 bits rounding moves them. As the service does it. */
const MIN_SCORE = 0.8;

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
  // Older browsers say on the adapter itself that it is software, which took over 30 times as long as WebAssembly.
  type Adapter = { isFallbackAdapter?: boolean; info?: { isFallbackAdapter?: boolean; architecture?: string } };
  type Gpu = { requestAdapter(): Promise<Adapter | null> };
  const gpu = (navigator as { gpu?: Gpu }).gpu;
  const adapter = await gpu?.requestAdapter().catch(() => null);
  const { isFallbackAdapter = adapter?.isFallbackAdapter, architecture } = adapter?.info ?? {};
  return adapter && !isFallbackAdapter && architecture !== "swiftshader" ? ["webgpu", "wasm"] : ["wasm"];
}

async function openOn(provider: Provider, file: Uint8Array, card: Card, setup: Setup): Promise<Model> {
  const { session, picture } = await openSession(provider, file, setup);
  const input = inputSize(session);
  return {
    card,
    input,
    async run(image) {
      const { labels, confidence, keypoints } = await session.run(picture(image, input.height, input.width));
      // A model for pose alone sees one cell of background.
      const [, height, width] = (labels?.dims ?? [1, 1, 1]) as [number, number, number];
      const plane = (tensor: typeof labels) => ({ width, height, data: tensor ? (tensor.data as Uint8Array) : new Uint8Array(1) });
      return {
        labels: plane(labels),
        confidence: plane(confidence),
        keypoints: keypoints ? (keypoints.data as Float32Array) : new Float32Array(),
      };
    },
  };
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
  const { data: image } = await pngPixels(golden.image, 3);
  const labels = golden.labels === undefined ? new Uint8Array(1) : (await pngPixels(golden.labels, 1)).data;
  const answer = await model.run(image);
  const joints = golden.keypoints?.flat() ?? [];
  if (answer.labels.data.length !== labels.length || answer.keypoints.length !== joints.length) {
    throw new Error("the golden sample's answer is of another size");
  }
  const agreement = answer.labels.data.filter((label, cell) => label === labels[cell]).length / labels.length;
  if (!(agreement >= (golden.min_label_agreement ?? 0))) {
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
