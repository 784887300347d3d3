import type { Rectangle } from "./box.js";

/** One byte a pixel or cell, row by row. */
export interface Plane {
  width: number;
  height: number;
  data: Uint8Array;
}

/** Upright pixels, row by row, `channels` bytes each. */
export interface Pixels {
  width: number;
  height: number;
  channels: number;
  data: Uint8Array | Uint8ClampedArray;
}

export const emptyPlane = (width: number, height: number): Plane => ({
  width,
  height,
  data: new Uint8Array(width * height),
});

/** What of a plane lies in a box. */
export function cut(plane: Plane, box: Rectangle): Plane {
  const out = emptyPlane(box.width, box.height);
  for (let y = 0; y < box.height; y++) {
    const start = (box.y + y) * plane.width + box.x;
    out.data.set(plane.data.subarray(start, start + box.width), y * box.width);
  }
  return out;
}

/** The box around all places whose value passes; undefined if none does. */
export function boxAround({ width, height, data }: Plane, passes: (value: number) => boolean): Rectangle | undefined {
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0, index = 0; y < height; y++) {
    for (let x = 0; x < width; x++, index++) {
      if (!passes(data[index]!)) continue;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      bottom = y;
    }
  }
  return right < 0 ? undefined : { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}
