import type { Rectangle } from "./box.js";
import type { Pixels } from "./plane.js";

/** For each of the new pixels of an axis: the first old one that it is made of, and the old ones' weights. */
type Taps = { first: number; weights: number[] }[];

/** Each new pixel is the mean of what it covers of the old ones. */
function areaTaps(from: number, to: number): Taps {
  const scale = from / to;
  return Array.from({ length: to }, (_, index) => {
    const start = index * scale;
    const end = Math.min(start + scale, from);
    const first = Math.floor(start);
    const weights: number[] = [];
    for (let old = first; old < end - 1e-6; old++) {
      weights.push((Math.min(old + 1, end) - Math.max(old, start)) / (end - start));
    }
    return { first, weights };
  });
}

/** Each new pixel lies between the centres of two old ones. */
function linearTaps(from: number, to: number): Taps {
  return Array.from({ length: to }, (_, index) => {
    const at = Math.min(Math.max(((index + 0.5) * from) / to - 0.5, 0), from - 1);
    const first = Math.min(Math.floor(at), Math.max(0, from - 2));
    return { first, weights: from > 1 ? [1 - (at - first), at - first] : [1] };
  });
}

/** A box of a picture, resized, as RGB: area averaging if a side shrinks, else bilinear. */
export function resizeBox(picture: Pixels, box: Rectangle, width: number, height: number): Uint8Array {
  const taps = width < box.width || height < box.height ? areaTaps : linearTaps;
  const [across, down] = [taps(box.width, width), taps(box.height, height)];
  const rows = new Map<number, Float32Array>();
  const out = new Uint8Array(width * height * 3);
  const sums = new Float32Array(width * 3);
  down.forEach(({ first, weights }, y) => {
    for (const row of rows.keys()) if (row < first) rows.delete(row);
    sums.fill(0);
    weights.forEach((weight, offset) => {
      const row = first + offset;
      let resized = rows.get(row);
      if (!resized) rows.set(row, (resized = resizeRow(picture, box, row, across)));
      for (let index = 0; index < sums.length; index++) sums[index]! += weight * resized[index]!;
    });
    for (let index = 0; index < sums.length; index++) out[y * width * 3 + index] = Math.round(sums[index]!);
  });
  return out;
}

function resizeRow({ width, channels, data }: Pixels, box: Rectangle, row: number, taps: Taps): Float32Array {
  const start = ((box.y + row) * width + box.x) * channels;
  const out = new Float32Array(taps.length * 3);
  taps.forEach(({ first, weights }, x) => {
    let [red, green, blue] = [0, 0, 0];
    for (let tap = 0, at = start + first * channels; tap < weights.length; tap++, at += channels) {
      const weight = weights[tap]!;
      red += weight * data[at]!;
      green += weight * data[at + 1]!;
      blue += weight * data[at + 2]!;
    }
    out.set([red, green, blue], 3 * x);
  });
  return out;
}
