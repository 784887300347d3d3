import type { Pixels } from "./plane.js";

/** The browser cannot decode a file as a picture. */
export class UndecodableError extends Error {}

/** The upright pixels of a picture on white, in sRGB, as the service reads them. */
export async function pixelsOf(photo: Blob | ImageBitmap): Promise<Pixels> {
  const picture = photo instanceof Blob ? await decode(photo) : photo;
  const { width, height } = picture;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.drawImage(picture, 0, 0);
  picture.close();
  return { width, height, channels: 4, data: context.getImageData(0, 0, width, height).data };
}

async function decode(file: Blob): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    throw new UndecodableError("These bytes are no picture that this browser can decode.");
  }
}

/** The pixels of a PNG in base64, with the first `channels` of red, green and blue. */
export async function pngPixels(base64: string, channels: 1 | 3): Promise<Pixels & { data: Uint8Array }> {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const { data, width, height } = await pixelsOf(new Blob([bytes], { type: "image/png" }));
  const out = new Uint8Array((data.length / 4) * channels);
  for (let pixel = 0; 4 * pixel < data.length; pixel++) {
    for (let channel = 0; channel < channels; channel++) out[channels * pixel + channel] = data[4 * pixel + channel]!;
  }
  return { width, height, channels, data: out };
}
