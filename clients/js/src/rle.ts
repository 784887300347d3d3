import type { ParseAnswer, Region, Rle } from "./types.js";

/** The label of every pixel, row by row: that of pixel (x, y) is `ids[y * width + x]`. */
export interface LabelIds {
  width: number;
  height: number;
  ids: Uint8Array;
}

/**
 * The labels of every pixel of the upright photo, or of a region's box, from an answer that was asked for with
 * `mask: "rle"`. What no label covers is 0.
 */
export function labelIds(answer: Pick<ParseAnswer, "image" | "labels"> | Pick<Region, "box" | "labels">): LabelIds {
  const size = answer.labels[0]?.rle?.size; // of the mask: smaller than the photo if less was uploaded
  const [, , asked, tall] = "image" in answer ? [0, 0, answer.image.width, answer.image.height] : answer.box;
  const [height, width] = size ?? [tall, asked];
  const ids = new Uint8Array(width * height);
  for (const label of answer.labels) {
    if (!label.rle) throw new TypeError('The answer holds its mask as a PNG. Ask for it with mask: "rle".');
    paint(label.rle, ids, label.id);
  }
  return { width, height, ids };
}

/** COCO's run-length encoding, decoded: 1 inside, 0 outside, row by row. */
export function decodeRle(rle: Rle): Uint8Array {
  const [height, width] = rle.size;
  const inside = new Uint8Array(width * height);
  paint(rle, inside, 1);
  return inside;
}

/** Sets the pixels of a part; its runs go down the columns, outside and inside in turn. */
function paint(rle: Rle, pixels: Uint8Array, value: number): void {
  const [height, width] = rle.size;
  let position = 0;
  runLengths(rle.counts).forEach((length, index) => {
    const end = position + length;
    if (index % 2) {
      for (; position < end; position++) pixels[(position % height) * width + Math.floor(position / height)] = value;
    }
    position = end;
  });
}

/**
 * The lengths of the runs. Each is written in characters of five bits, lowest first, from "0" on; a sixth bit says that
 * more follow, and the last one's highest bit is the sign. From the fourth on it is the difference to the run two before.
 */
function runLengths(counts: string): number[] {
  const lengths: number[] = [];
  let length = 0;
  let shift = 0;
  for (let index = 0; index < counts.length; index++) {
    const bits = counts.charCodeAt(index) - 48;
    length |= (bits & 31) << shift;
    shift += 5;
    if (bits & 32) continue;
    if (bits & 16) length |= -1 << shift;
    if (lengths.length > 2) length += lengths[lengths.length - 2]!;
    lengths.push(length);
    length = shift = 0;
  }
  return lengths;
}
