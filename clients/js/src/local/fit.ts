/** How a photo is laid into the model's input, and how points come back: docs/model-file.md, "Fitting a photo". */
import { type Rectangle, roundHalfEven } from "./box.js";
import type { Pixels } from "./plane.js";
import { resizeBox } from "./resize.js";

export interface Size {
  width: number;
  height: number;
}

/** Where a photo lies in the input: resized to `width`×`height`, its top-left corner at `left`, `top`. In pixels. */
export interface Fit extends Size {
  photo: Size;
  input: Size;
  left: number;
  top: number;
  /** Input pixels per photo pixel, across and down. */
  scaleX: number;
  scaleY: number;
}

export function planFit(photo: Size, input: Size, mode: "letterbox" | "squash"): Fit {
  let { width, height } = input;
  if (mode === "letterbox") {
    const scale = Math.min(input.width / photo.width, input.height / photo.height);
    width = Math.max(1, roundHalfEven(photo.width * scale));
    height = Math.max(1, roundHalfEven(photo.height * scale));
  }
  const left = Math.floor((input.width - width) / 2);
  const top = Math.floor((input.height - height) / 2);
  return { photo, input, left, top, width, height, scaleX: width / photo.width, scaleY: height / photo.height };
}

/** The model's input (height, width, 3): a box of the picture, fitted. */
export function fitPhoto(picture: Pixels, box: Rectangle, fit: Fit, padColor: readonly number[]): Uint8Array {
  const resized = resizeBox(picture, box, fit.width, fit.height);
  const { width, height } = fit.input;
  const out = new Uint8Array(width * height * 3);
  for (let index = 0; index < out.length; index++) out[index] = padColor[index % 3]!;
  for (let y = 0; y < fit.height; y++) {
    out.set(resized.subarray(y * fit.width * 3, (y + 1) * fit.width * 3), ((fit.top + y) * width + fit.left) * 3);
  }
  return out;
}

/** A point of the input in pixels of the photo; pixel centres have whole coordinates. */
export function toPhoto(x: number, y: number, fit: Fit): [x: number, y: number] {
  return [(x - fit.left + 0.5) / fit.scaleX - 0.5, (y - fit.top + 0.5) / fit.scaleY - 0.5];
}
