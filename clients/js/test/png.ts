/** The pixels of an 8-bit grey PNG, row by row: just enough of a reader to hold masks against. */
import { inflateSync } from "node:zlib";

export async function greyPixels(png: Blob): Promise<{ width: number; height: number; pixels: Uint8Array }> {
  const file = Buffer.from(await png.arrayBuffer());
  const [width, height] = [file.readUInt32BE(16), file.readUInt32BE(20)];
  const data: Buffer[] = [];
  for (let at = 8; at < file.length; ) {
    const length = file.readUInt32BE(at);
    if (file.toString("latin1", at + 4, at + 8) === "IDAT") data.push(file.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  const rows = inflateSync(Buffer.concat(data));
  const pixels = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const filter = rows[y * (width + 1)]!;
    for (let x = 0; x < width; x++) {
      const left = x ? pixels[y * width + x - 1]! : 0;
      const above = y ? pixels[(y - 1) * width + x]! : 0;
      const corner = x && y ? pixels[(y - 1) * width + x - 1]! : 0;
      const guess = [0, left, above, (left + above) >> 1, paeth(left, above, corner)][filter]!;
      pixels[y * width + x] = rows[y * (width + 1) + 1 + x]! + guess;
    }
  }
  return { width, height, pixels };
}

function paeth(left: number, above: number, corner: number): number {
  const [a, b, c] = [above - corner, left - corner, left + above - 2 * corner].map(Math.abs) as [number, number, number];
  return a <= b && a <= c ? left : b <= c ? above : corner;
}
