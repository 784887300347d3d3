/** Pictures for the user to keep: overlay and cutouts, at the photo's own size. */

import { drawSkeleton } from "../client/jppnet.js";

/** @typedef {import("./png.js").Plane} Plane */
/** @typedef {import("./types.js").Answer} Answer */

/** Width of a cutout's soft edge, as a share of the mask's longer side. */
const EDGE = 1 / 400;

/**
 * @param {CanvasImageSource} photo
 * @param {Answer} answer
 * @param {{mask: HTMLCanvasElement, opacity: number} | null} mask as it is painted; null where it is switched off
 * @param {boolean} hasSkeleton
 */
export function drawOverlay(photo, answer, mask, hasSkeleton) {
  const { canvas, context } = canvasOf(answer.image);
  context.drawImage(photo, 0, 0, canvas.width, canvas.height);
  if (mask) {
    context.globalAlpha = mask.opacity;
    context.drawImage(mask.mask, 0, 0, canvas.width, canvas.height);
    context.globalAlpha = 1;
  }
  if (hasSkeleton) drawSkeleton(canvas, answer);
  return canvas;
}

/**
 * The photo with all but some pixels transparent; at the border opacity falls softly.
 *
 * @param {CanvasImageSource} photo
 * @param {{width: number, height: number}} size the photo's
 * @param {Plane} map
 * @param {(place: number) => boolean} isKept of the mask's pixels
 */
export function drawCutout(photo, size, map, isKept) {
  const { canvas, context } = canvasOf(size);
  context.drawImage(photo, 0, 0, canvas.width, canvas.height);
  const { canvas: stencil, context: stencilContext } = canvasOf(map);
  const picture = stencilContext.createImageData(map.width, map.height);
  const alpha = softAlpha(map, isKept);
  for (let place = 0; place < alpha.length; place++) picture.data[4 * place + 3] = alpha[place] ?? 0;
  stencilContext.putImageData(picture, 0, 0);
  // Opacity is multiplied: what the photo itself has transparent stays so.
  context.globalCompositeOperation = "destination-in";
  context.drawImage(stencil, 0, 0, canvas.width, canvas.height);
  return canvas;
}

/**
 * A canvas without the transparent rows and columns at its rim.
 *
 * @param {HTMLCanvasElement} canvas
 */
export function trimmed(canvas) {
  const { width, height } = canvas;
  const data = canvas.getContext("2d")?.getImageData(0, 0, width, height).data ?? [];
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let place = 0; place < width * height; place++) {
    if (!data[4 * place + 3]) continue;
    const [x, y] = [place % width, Math.floor(place / width)];
    [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x), Math.min(top, y), y];
  }
  if (right < 0) return canvas;
  const { canvas: cut, context } = canvasOf({ width: right - left + 1, height: bottom - top + 1 });
  context.drawImage(canvas, -left, -top);
  return cut;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {"image/png" | "image/jpeg"} type
 * @returns {Promise<Blob>}
 */
export function pictureFile(canvas, type) {
  return new Promise((resolve, reject) => {
    const give = (/** @type {Blob | null} */ blob) => (blob ? resolve(blob) : reject(new Error("The picture is too large.")));
    canvas.toBlob(give, type, 0.92);
  });
}

/**
 * Opacity of each pixel of a mask, 0–255: 255 where it is kept, 0 elsewhere, blurred at the border.
 *
 * @param {Plane} map
 * @param {(place: number) => boolean} isKept
 */
function softAlpha({ width, height }, isKept) {
  let alpha = Float32Array.from({ length: width * height }, (_, place) => (isKept(place) ? 255 : 0));
  const radius = Math.max(1, Math.round(EDGE * Math.max(width, height)));
  alpha = meanAlong(alpha, width, height, 1, width, radius);
  return meanAlong(alpha, height, width, width, 1, radius);
}

/**
 * The mean over a window along the lines of a plane.
 *
 * @param {Float32Array<ArrayBuffer>} values
 * @param {number} length of a line
 * @param {number} count of lines
 * @param {number} step from a value of a line to the next
 * @param {number} stride from a line to the next
 * @param {number} radius of the window
 */
function meanAlong(values, length, count, step, stride, radius) {
  const out = new Float32Array(values.length);
  const at = (/** @type {number} */ line, /** @type {number} */ index) =>
    values[line * stride + Math.min(length - 1, Math.max(0, index)) * step] ?? 0;
  for (let line = 0; line < count; line++) {
    let sum = 0;
    for (let index = -radius; index <= radius; index++) sum += at(line, index);
    for (let index = 0; index < length; index++) {
      out[line * stride + index * step] = sum / (2 * radius + 1);
      sum += at(line, index + radius + 1) - at(line, index - radius);
    }
  }
  return out;
}

/** @param {{width: number, height: number}} size */
function canvasOf({ width, height }) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  if (!context) throw new Error("This browser has no canvas of that size.");
  return { canvas, context };
}
