/** `jppnet/draw`: answers on a canvas. */
import type { PoseAnswer } from "../types.js";
import { type MaskAnswer, type MaskStyle, paintMask } from "./mask.js";

export { maskOf } from "./mask.js";
export type { Mask, MaskAnswer, MaskStyle } from "./mask.js";

/** Pixels from which a mask is painted in a Worker: below, starting one takes longer than painting. */
const LARGE = 2_000_000;

type Canvas = HTMLCanvasElement | OffscreenCanvas;
type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/** Lays the labels' colours over what a canvas shows, stretched to its size. */
export async function drawMask(canvas: Canvas, answer: MaskAnswer, style: MaskStyle = {}): Promise<void> {
  const picture = await maskPicture(answer, style);
  contextOf(canvas).drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
}

async function maskPicture(answer: MaskAnswer, style: MaskStyle): Promise<ImageBitmap> {
  const { width, height } = answer.image;
  if (width * height < LARGE) {
    const { data, ...size } = paintMask(answer, style);
    return createImageBitmap(new ImageData(data, size.width, size.height));
  }
  const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  try {
    return await new Promise<ImageBitmap>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<ImageBitmap>) => resolve(data);
      worker.onerror = ({ message }) => reject(new Error(message || "The Worker of jppnet/draw cannot be loaded."));
      worker.postMessage([{ image: answer.image, labels: answer.labels }, style]);
    });
  } finally {
    worker.terminate();
  }
}

export interface SkeletonStyle {
  /** Of bones and joints; each bone has a colour of its own if not set. */
  color?: string;
  /** In pixels of the canvas; by the canvas's size if not set. */
  lineWidth?: number;
  /** Least score of the joints that are drawn, 0–1; 0.1, as the service's overlays, if not set. */
  minScore?: number;
}

/** Draws everybody's bones and joints over what a canvas shows, stretched to its size. */
export function drawSkeleton(
  canvas: Canvas,
  { image, people, skeleton }: Pick<PoseAnswer, "image" | "people" | "skeleton">,
  { color, minScore = 0.1, lineWidth = Math.max(2, Math.min(canvas.width, canvas.height) / 150) }: SkeletonStyle = {},
): void {
  const context = contextOf(canvas);
  const [scaleX, scaleY] = [canvas.width / image.width, canvas.height / image.height];
  context.save();
  context.lineWidth = lineWidth;
  context.lineCap = "round";
  for (const { keypoints } of people) {
    const points = keypoints.map(({ x, y, score }) => ({
      x: (x + 0.5) * scaleX,
      y: (y + 0.5) * scaleY,
      seen: score >= minScore,
    }));
    skeleton.forEach(([from, to], bone) => {
      const [start, end] = [points[from]!, points[to]!];
      if (!start.seen || !end.seen) return;
      context.strokeStyle = color ?? `hsl(${(360 * bone) / skeleton.length} 100% 50%)`;
      context.beginPath();
      context.moveTo(start.x, start.y);
      context.lineTo(end.x, end.y);
      context.stroke();
    });
    context.fillStyle = color ?? "#fff";
    for (const { x, y } of points.filter(({ seen }) => seen)) {
      context.beginPath();
      context.arc(x, y, lineWidth, 0, 2 * Math.PI);
      context.fill();
    }
  }
  context.restore();
}

function contextOf(canvas: Canvas): Context {
  const context = canvas.getContext("2d") as Context | null;
  if (!context) throw new TypeError("The canvas already has a context of another kind than “2d”.");
  return context;
}
