/** Types of what the page uses of jppnet.js, which is made by `npm run page` in clients/js. */
export interface Upload {
  body: Blob;
  scale: readonly [number, number];
  size?: { width: number; height: number };
}
export type Box = [number, number, number, number];
export function shrink(photo: Blob, maxSide: number, signal?: AbortSignal): Promise<Upload>;
export function shrinkBox(box: Box, scale: Upload["scale"]): Box;
export function enlarge<Shape>(answer: Shape, upload: Upload): Shape;
export function uploadWith(onProgress: (progress: { loaded: number; total: number }) => void): typeof fetch;
export function drawSkeleton(canvas: HTMLCanvasElement, answer: object, style?: { lineWidth?: number }): void;
export function authorization(apiKey: string | null): Record<string, string>;
export function base64(blob: Blob): Promise<string>;
export function encodePng(
  plane: { width: number; height: number; data: Uint8Array },
  palette?: readonly (readonly number[])[],
): Promise<Blob>;
export class LocalJppnet {
  constructor(
    model: string | URL,
    options?: {
      detector?: string;
      apiKey?: string;
      provider?: "auto" | "webgpu" | "wasm";
      wasm?: string;
      maxPeople?: number;
      onDownload?: (progress: { loaded: number; total: number | undefined }) => void;
      worker?: () => Worker;
    },
  );
  load(options?: { signal?: AbortSignal }): Promise<{ name: string; version: string; provider: string }>;
  analyze(photo: Blob, options?: { boxes?: readonly Box[]; signal?: AbortSignal }): Promise<object>;
  close(): void;
}
