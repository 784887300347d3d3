/** Photos made smaller before the upload, and answers about them brought back to the photo's own pixels. */
import type { Box } from "./options.js";
import { type Photo, type Picture, isPicture, photoBlob } from "./photo.js";

/** Quality of the JPEG that is uploaded, 0–1. */
const QUALITY = 0.92;
/** Files that the service reads as they are. */
const READABLE = /^image\/(jpeg|png|webp|gif|avif)$/;

export interface Upload {
  body: Blob;
  /** The photo's pixels per uploaded pixel, across and down. */
  scale: readonly [number, number];
  /** Of the upright photo; undefined if it is uploaded as it is. */
  size?: { width: number; height: number };
}

/**
 * What to upload of a photo: the file as it is if its sides are no longer than `maxSide` and the service can read it, or
 * if nothing here can decode it (as in Node); else a JPEG, with white where the photo is transparent.
 */
export async function shrink(photo: Photo, maxSide: number, signal?: AbortSignal): Promise<Upload> {
  const file = isPicture(photo) ? undefined : await photoBlob(photo, signal);
  const asItIs = file && { body: file, scale: [1, 1] as const };
  if (asItIs && (typeof OffscreenCanvas === "undefined" || maxSide === Infinity)) return asItIs;
  const picture = await createImageBitmap(file ?? (photo as Picture)).catch((error: unknown) => {
    if (asItIs) return undefined; // the service says what is wrong with the file
    throw error;
  });
  if (!picture) return asItIs!;
  const { width, height } = picture;
  const factor = Math.min(1, maxSide / Math.max(width, height));
  if (asItIs && factor === 1 && (READABLE.test(file.type) || !file.type)) {
    picture.close();
    return asItIs;
  }
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(width * factor)), Math.max(1, Math.round(height * factor)));
  const context = canvas.getContext("2d")!;
  context.imageSmoothingQuality = "high";
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  const body = await canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
  return { body, scale: [width / canvas.width, height / canvas.height], size: { width, height } };
}

/** A box of the photo in uploaded pixels. */
export const shrinkBox = ([x, y, width, height]: Box, [across, down]: Upload["scale"]): Box => [
  x / across,
  y / down,
  width / across,
  height / down,
];

/**
 * Brings coordinates, boxes and counts of pixels of an answer back to the photo's pixels. Masks keep the size that was
 * uploaded, which is that of `rle.size` or of the PNG.
 */
export function enlarge<Shape>(answer: Shape, { scale: [across, down], size }: Upload): Shape {
  if (!size || (across === 1 && down === 1)) return answer;
  const box = ([x, y, width, height]: number[]) => {
    const [left, top] = [Math.floor(x! * across), Math.floor(y! * down)];
    const [right, bottom] = [Math.ceil((x! + width!) * across), Math.ceil((y! + height!) * down)];
    return [left, top, Math.min(right, size.width) - left, Math.min(bottom, size.height) - top];
  };
  const point = (at: number, scale: number) => Number(((at + 0.5) * scale - 0.5).toFixed(2));
  /** What to do with the values of keys, wherever they are in an answer. */
  const changes: Record<string, (value: never) => unknown> = {
    image: () => size,
    box,
    bbox: box,
    pixels: (count: number) => Math.round(count * across * down),
    x: (x: number) => point(x, across),
    y: (y: number) => point(y, down),
    keypoints: (joints: unknown[]) =>
      typeof joints[0] === "number" // COCO's: x, y and v in turn
        ? (joints as number[]).map((value, index) => (index % 3 === 2 ? value : point(value, index % 3 ? down : across)))
        : joints.map(change),
    rle: (rle: unknown) => rle,
  };
  function change(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(change);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, key in changes ? changes[key]!(inner as never) : change(inner)]),
    );
  }
  return change(answer) as Shape;
}
