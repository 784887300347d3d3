/** Paints a label map in its labels' colours. */

/** @typedef {import("./png.js").LabelMap} LabelMap */
/** @typedef {import("./types.js").Label} Label */

/** Longest side of the painting: more than screens show, and no canvas of any browser is too small for it. */
const LONGEST = 2048;
/** Opacity of the other parts while one stands out, 0–255. */
const DIM = 70;

/**
 * @param {HTMLCanvasElement} canvas
 * @param {LabelMap} map
 * @param {Label[]} labels
 * @param {(id: number) => boolean} isVisible
 * @param {number | null} chosen the label that stands out, if any
 */
export function paintMask(canvas, map, labels, isVisible, chosen) {
  const step = Math.ceil(Math.max(map.width, map.height) / LONGEST);
  const width = Math.ceil(map.width / step);
  const height = Math.ceil(map.height / step);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const picture = context.createImageData(width, height);
  const pixels = new Uint32Array(picture.data.buffer);
  const colors = palette(labels, isVisible, chosen);
  for (let y = 0, at = 0; y < height; y++) {
    const row = y * step * map.width;
    for (let x = 0; x < width; x++) pixels[at++] = colors[map.ids[row + x * step] ?? 0] ?? 0;
  }
  context.putImageData(picture, 0, 0);
}

/**
 * What each id is painted with: four bytes, red to alpha, in the machine's own order.
 *
 * @param {Label[]} labels
 * @param {(id: number) => boolean} isVisible
 * @param {number | null} chosen
 */
function palette(labels, isVisible, chosen) {
  const bytes = new Uint8Array(256 * 4);
  for (const { id, color } of labels) {
    const alpha = id === chosen || chosen === null ? 255 : DIM;
    if (isVisible(id)) bytes.set([...color, alpha], id * 4);
  }
  return new Uint32Array(bytes.buffer);
}
