/** The model file's card, read from the file's bytes: onnxruntime-web does not give the metadata of a model. */

/** What this package uses of a card; docs/model-file.md defines it. */
export interface Card {
  schema: 1;
  name: string;
  version: string;
  license: string;
  training_data: string;
  description: string;
  precision: "fp32" | "fp16" | "int8";
  fit: "letterbox" | "squash";
  pad_color: [number, number, number];
  labels: { id: number; name: string; color: [number, number, number] }[];
  joints: string[];
  skeleton: [number, number][];
  golden: {
    image: string;
    /** Not there of a model for pose alone. */
    labels?: string;
    keypoints?: [number, number, number][];
    min_label_agreement?: number;
    max_keypoint_distance?: number;
  };
}

/** What this package uses of a detector's card. */
export interface DetectorCard {
  schema: 1;
  kind: "detect";
  name: string;
  version: string;
  fit: "letterbox";
  pad_color: [number, number, number];
  side: number;
  multiple: number;
  score: number;
  most_overlap: number;
  golden: {
    image: string;
    boxes: [number, number, number, number][];
    scores: number[];
    min_overlap: number;
    max_score_difference: number;
  };
}

/** `ModelProto.metadata_props`, and `key` and `value` of its entries, by number. */
const METADATA_PROPS = 14;
const KEY = 1;
const VALUE = 2;

/** Reads and checks the card of an ONNX file. Throws an Error that says what is wrong with the file. */
export function readCard(file: Uint8Array): Card {
  const card = parseCard(file) as Card & { kind?: string };
  if (card.kind === "detect") throw new Error("The file is a detector of people, not a model that parses them.");
  const wrong = wrongKey(card);
  if (wrong) throw new Error(`The model file's card cannot be used: “${wrong}” is missing or wrong.`);
  return card;
}

/** Reads and checks the card of a detector's file. Throws an Error that says what is wrong with the file. */
export function readDetectorCard(file: Uint8Array): DetectorCard {
  const card = parseCard(file) as DetectorCard;
  if (card.kind !== "detect") throw new Error("The file is no detector of people: its card is not of kind “detect”.");
  const numbers = ["side", "multiple", "score", "most_overlap"] as const;
  const wrong = numbers.find((key) => typeof card[key] !== "number");
  if (wrong ?? (card.fit !== "letterbox" || !card.golden?.boxes)) {
    throw new Error(`The detector's card cannot be used: “${wrong ?? "fit or golden"}” is missing or wrong.`);
  }
  return card;
}

function parseCard(file: Uint8Array): { schema: number } {
  const text = readMetadata(file).get("jppnet.card");
  if (text === undefined) throw new Error("The file has no “jppnet.card” in its metadata: it is no model file of jppnet.");
  const card = JSON.parse(text) as { schema: number };
  if (card.schema !== 1) throw new Error(`The model file's card is of schema ${String(card.schema)}; this package reads 1.`);
  return card;
}

function wrongKey(card: Card): string | undefined {
  const isColor = (color: unknown) => Array.isArray(color) && color.length === 3;
  const checks: Record<string, boolean> = {
    name: typeof card.name === "string",
    version: typeof card.version === "string",
    fit: card.fit === "letterbox" || card.fit === "squash",
    pad_color: isColor(card.pad_color),
    labels:
      Array.isArray(card.labels) && card.labels.every(({ id, color }, index) => id === index && isColor(color)),
    joints: Array.isArray(card.joints),
    skeleton: Array.isArray(card.skeleton),
    golden: typeof card.golden?.image === "string" && (typeof card.golden.labels === "string" || !card.labels?.length),
  };
  return Object.keys(checks).find((key) => !checks[key]);
}

/** The properties of an ONNX file, which is a message of Protocol Buffers (protobuf.dev/programming-guides/encoding). */
export function readMetadata(file: Uint8Array): Map<string, string> {
  const metadata = new Map<string, string>();
  for (const [field, content] of fields(file)) {
    if (field !== METADATA_PROPS) continue;
    const entry = new Map(fields(content));
    const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);
    metadata.set(text(entry.get(KEY)), text(entry.get(VALUE)));
  }
  return metadata;
}

/** The fields of a message that have a length, by number; numbers are passed over. */
function* fields(message: Uint8Array): Generator<[number, Uint8Array]> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = message[at++];
      if (byte === undefined) throw new Error("The file is no ONNX model, or not a whole one.");
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const kind = tag & 7;
    if (kind === 0) varint();
    else if (kind === 1) at += 8;
    else if (kind === 5) at += 4;
    else {
      const length = kind === 2 ? varint() : Number.NaN;
      if (!(at + length <= message.length)) throw new Error("The file is no ONNX model, or not a whole one.");
      yield [Math.floor(tag / 8), message.subarray(at, (at += length))];
    }
  }
}
