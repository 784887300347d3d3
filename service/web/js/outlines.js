/** Paints a line around each person, in the person's colour. */

import { personRgb } from "./skeleton.js";

/** @typedef {import("./png.js").Plane} Plane */

/** Opacity of the others' lines while one person is looked at, 0–255. */
const DIM = 70;

/**
 * @param {HTMLCanvasElement} canvas has the size of the mask's painting
 * @param {Plane} owners for each pixel of the photo the number of its person, 0 for nobody
 * @param {object} options
 * @param {number} options.step photo pixels per pixel of the painting
 * @param {number} options.thickness of the lines, in pixels of the painting
 * @param {number} options.count of the people
 * @param {number | null} options.focus the person who is looked at, if only one is
 */
export function paintOutlines(canvas, owners, { step, thickness, count, focus }) {
  const { width, height } = canvas;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const picture = context.createImageData(width, height);
  const pixels = new Uint32Array(picture.data.buffer);
  const colors = palette(count, focus);
  const owner = (/** @type {number} */ x, /** @type {number} */ y) =>
    x < 0 || y < 0 || x >= width || y >= height ? 0 : (owners.values[y * step * owners.width + x * step] ?? 0);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const own = owner(x, y);
      if (own === 0) continue;
      const isInside =
        owner(x - thickness, y) === own &&
        owner(x + thickness, y) === own &&
        owner(x, y - thickness) === own &&
        owner(x, y + thickness) === own;
      if (!isInside) pixels[y * width + x] = colors[own] ?? 0;
    }
  }
  context.putImageData(picture, 0, 0);
}

/**
 * What each person's line is painted with: four bytes, red to alpha, in the machine's own order.
 *
 * @param {number} count
 * @param {number | null} focus
 */
function palette(count, focus) {
  const bytes = new Uint8Array(256 * 4);
  for (let number = 1; number <= count; number++) {
    bytes.set([...personRgb(number, count), focus === null || focus === number ? 255 : DIM], number * 4);
  }
  return new Uint32Array(bytes.buffer);
}
