/**
 * The pixel values of a palette or grey PNG, exactly as the service wrote them: label ids, or people's numbers.
 *
 * A browser turns a palette into colours when it decodes a picture. Colours lead back to ids only if no two labels share
 * one, if no colour profile shifts them, and if the browser does not blur what a canvas gives back, as those that guard
 * against fingerprinting do. A second call for `format=ids` would suffer from the last too. So the file is read as it
 * is: the browser inflates it, and what remains to be done is the five row filters of the PNG specification, section 9.
 */

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
const EIGHT_BIT = 8;
const GREY = 0;
const PALETTE = 3;

/** @typedef {{width: number, height: number, values: Uint8Array<ArrayBuffer>}} Plane rows from the top */

/**
 * @param {Uint8Array<ArrayBuffer>} file an 8-bit palette or grey PNG, not interlaced
 * @returns {Promise<Plane>}
 */
export async function readPlane(file) {
  if (SIGNATURE.some((byte, index) => file[index] !== byte)) throw new Error("The mask is no PNG.");
  const { header, data } = chunks(file);
  const width = header.getUint32(0);
  const height = header.getUint32(4);
  if (header.getUint8(8) !== EIGHT_BIT || ![GREY, PALETTE].includes(header.getUint8(9)) || header.getUint8(12) !== 0) {
    throw new Error("The mask is no plain 8-bit palette or grey PNG.");
  }
  return { width, height, values: unfilter(await inflate(data), width, height) };
}

/**
 * The header, and the parts of the compressed data.
 *
 * @param {Uint8Array<ArrayBuffer>} file
 */
function chunks(file) {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const data = [];
  let header = view;
  for (let at = SIGNATURE.length; at < file.length; ) {
    const length = view.getUint32(at);
    const kind = String.fromCharCode(...file.subarray(at + 4, at + 8));
    const content = file.subarray(at + 8, at + 8 + length);
    if (kind === "IHDR") header = new DataView(content.buffer, content.byteOffset, length);
    if (kind === "IDAT") data.push(content);
    at += length + 12;
  }
  return { header, data };
}

/**
 * @param {Uint8Array<ArrayBuffer>[]} data zlib
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
async function inflate(data) {
  const stream = new Blob(data).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/**
 * Undoes the row filters, one byte a pixel.
 *
 * @param {Uint8Array<ArrayBuffer>} filtered each row behind a byte that names its filter
 * @param {number} width
 * @param {number} height
 */
function unfilter(filtered, width, height) {
  const ids = new Uint8Array(width * height);
  let above = new Uint8Array(width);
  for (let y = 0; y < height; y++) {
    const start = y * (width + 1);
    const row = ids.subarray(y * width, (y + 1) * width);
    const restore = FILTERS[filtered[start] ?? 0];
    if (!restore) throw new Error("The mask has a row filter that PNG does not know.");
    restore(filtered.subarray(start + 1, start + 1 + width), row, above);
    above = row;
  }
  return ids;
}

/** @typedef {(from: Uint8Array, to: Uint8Array, above: Uint8Array) => void} Filter */

/**
 * A filter that predicts each byte from the ones at its left (a), above (b), and above at its left (c).
 *
 * @param {(a: number, b: number, c: number) => number} predict
 * @returns {Filter}
 */
function predicting(predict) {
  return (from, to, above) => {
    let left = 0;
    let corner = 0;
    for (let x = 0; x < from.length; x++) {
      const up = above[x] ?? 0;
      left = ((from[x] ?? 0) + predict(left, up, corner)) & 255;
      to[x] = left;
      corner = up;
    }
  };
}

/** @type {Filter[]} */
const FILTERS = [
  (from, to) => to.set(from),
  predicting((a) => a),
  predicting((_, b) => b),
  predicting((a, b) => (a + b) >> 1),
  predicting(paeth),
];

/**
 * @param {number} a
 * @param {number} b
 * @param {number} c
 */
function paeth(a, b, c) {
  const [toA, toB, toC] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
  if (toA <= toB && toA <= toC) return a;
  return toB <= toC ? b : c;
}
