/** Decodes and paints a mask beside the page. */
import { type MaskAnswer, type MaskStyle, paintMask } from "./mask.js";

self.onmessage = async ({ data: [answer, style] }: MessageEvent<[MaskAnswer, MaskStyle]>) => {
  const { data, width, height } = paintMask(answer, style);
  const picture = await createImageBitmap(new ImageData(data, width, height), { premultiplyAlpha: "premultiply" });
  self.postMessage(picture, { transfer: [picture] });
};
