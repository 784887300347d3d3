/** A picture that a page has already decoded, or draws. */
export type Picture = HTMLImageElement | HTMLVideoElement | HTMLCanvasElement | OffscreenCanvas | ImageBitmap;
/**
 * A JPEG, PNG, WebP, GIF or AVIF file: a `File` or `Blob`, its bytes (a `Uint8Array`, Node's `Buffer`, an `ArrayBuffer`),
 * or its address; in a page also an `<img>`, `<video>` (the frame that it shows), `<canvas>` or `ImageBitmap`.
 */
export type Photo = Blob | ArrayBuffer | ArrayBufferView | string | URL | Picture;

const PICTURES = ["HTMLImageElement", "HTMLVideoElement", "HTMLCanvasElement", "OffscreenCanvas", "ImageBitmap"];

export function isPicture(photo: Photo): photo is Picture {
  return PICTURES.some((name) => {
    const kind = (globalThis as Record<string, unknown>)[name];
    return typeof kind === "function" && photo instanceof kind;
  });
}

/** The photo as a file. Node's `Buffer` is a view of memory that it shares, so only the view is taken. */
export async function photoBlob(photo: Exclude<Photo, Picture>, signal?: AbortSignal): Promise<Blob> {
  if (photo instanceof Blob) return photo;
  if (photo instanceof ArrayBuffer || ArrayBuffer.isView(photo)) return new Blob([photo as BlobPart]);
  if (typeof photo !== "string" && !(photo instanceof URL)) {
    throw new TypeError("A photo is a File, a Blob, an ArrayBuffer or a view of one, an address, or a picture of a page.");
  }
  const shown = `“${`${photo}`.slice(0, 60)}”`;
  if (!canBeFetched(photo)) {
    throw new TypeError(`${shown} is no address to fetch. Give a file's bytes, in Node: await readFile("photo.jpg").`);
  }
  const answer = await fetch(photo, { signal: signal ?? null });
  if (!answer.ok) throw new TypeError(`There is no photo at ${shown}: status ${answer.status}.`);
  return answer.blob();
}

/** Whether it is an address, in a page also one that begins with the page's own. Node fetches no files. */
function canBeFetched(photo: string | URL): boolean {
  try {
    return typeof location !== "undefined" || new URL(photo).protocol !== "file:";
  } catch {
    return false;
  }
}
