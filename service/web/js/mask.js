/** Paints a label map in its labels' colours. */

/** @typedef {import("./png.js").Plane} Plane */
/** @typedef {import("./types.js").Label} Label */

/** Longest side of the painting: more than screens show, and no canvas of any browser is too small for it. */
const LONGEST = 2048;
/** Opacity of the other parts or people while one stands out, 0–255. */
const DIM = 70;

/**
 * Photo pixels per pixel of the painting.
 *
 * @param {Plane} map
 */
export function paintingStep(map) {
  return Math.ceil(Math.max(map.width, map.height) / LONGEST);
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Plane} map label ids
 * @param {Plane | null} owners people's numbers, of the same size
 * @param {object} options
 * @param {Label[]} options.labels
 * @param {(id: number) => boolean} options.isVisible
 * @param {number | null} options.chosen the label that stands out, if any
 * @param {number | null} options.focus the person who stands out, if any
 */
export function paintMask(canvas, map, owners, { labels, isVisible, chosen, focus }) {
  const step = paintingStep(map);
  const width = Math.ceil(map.width / step);
  const height = Math.ceil(map.height / step);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const picture = context.createImageData(width, height);
  const pixels = new Uint32Array(picture.data.buffer);
  const colors = palette(labels, isVisible, (id) => chosen === null || id === chosen);
  const dimmed = palette(labels, isVisible, () => false);
  const others = owners && focus !== null ? owners.values : null;
  for (let y = 0, at = 0; y < height; y++) {
    const row = y * step * map.width;
    for (let x = 0; x < width; x++) {
      const place = row + x * step;
      const paints = others && others[place] !== focus ? dimmed : colors;
      pixels[at++] = paints[map.values[place] ?? 0] ?? 0;
    }
  }
  context.putImageData(picture, 0, 0);
}

/**
 * What each id is painted with: four bytes, red to alpha, in the machine's own order.
 *
 * @param {Label[]} labels
 * @param {(id: number) => boolean} isVisible
 * @param {(id: number) => boolean} standsOut
 */
function palette(labels, isVisible, standsOut) {
  const bytes = new Uint8Array(256 * 4);
  for (const { id, color } of labels) {
    if (isVisible(id)) bytes.set([...color, standsOut(id) ? 255 : DIM], id * 4);
  }
  return new Uint32Array(bytes.buffer);
}
