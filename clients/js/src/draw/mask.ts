import { type Labels, eachLabel } from "../labels.js";
import { decodeRle, labelIds } from "../rle.js";
import type { Label, ParseAnswer } from "../types.js";

/** Of an answer that was asked for with `mask: "rle"`. */
export type MaskAnswer = Pick<ParseAnswer, "image" | "labels">;

export interface MaskStyle {
  /** Only these labels, by name or id; all but the background if not set. */
  labels?: Labels;
  /** Of the colours, 0–1; 0.6 if not set. */
  opacity?: number;
}

/** A plane of bytes, row by row: pixel (x, y) is `data[y * width + x]`. */
export interface Mask {
  width: number;
  height: number;
  data: Uint8Array;
}

/** The pixels of these labels, by name or id: 1 inside, 0 outside; nothing of a label that is not in the photo. */
export function maskOf(answer: MaskAnswer, ...labels: (string | number)[]): Mask {
  const { width, height } = labelIds(answer);
  const data = new Uint8Array(width * height);
  for (const label of answer.labels.filter(isAmong(labels))) {
    decodeRle(label.rle!).forEach((inside, pixel) => (data[pixel]! |= inside));
  }
  return { width, height, data };
}

/** RGBA of the labels' colours; what no label covers is transparent. */
export function paintMask(answer: MaskAnswer, { labels, opacity = 0.6 }: MaskStyle) {
  const { width, height, ids } = labelIds(answer);
  const shown = answer.labels.filter(labels ? isAmong(eachLabel(labels)) : ({ id }) => id > 0);
  const little = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
  const colors = new Uint32Array(256);
  for (const { id, color: [red, green, blue] } of shown) {
    const bytes = [red, green, blue, Math.round(opacity * 255)];
    colors[id] = (little ? bytes.reverse() : bytes).reduce((value, byte) => value * 256 + byte, 0);
  }
  const pixels = Uint32Array.from(ids, (id) => colors[id]!);
  return { width, height, data: new Uint8ClampedArray(pixels.buffer) };
}

function isAmong(labels: readonly (string | number)[]): (label: Label) => boolean {
  return ({ id, name }) => labels.includes(id) || labels.includes(name);
}
