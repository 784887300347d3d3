import type { AnalyzeOptions, ParseOptions, PoseOptions } from "./options.js";

const NAMES: Readonly<Record<keyof (ParseOptions & PoseOptions<string> & AnalyzeOptions<string>), true>> = {
  format: true,
  boxes: true,
  people: true,
  labels: true,
  opacity: true,
  mask: true,
  image_id: true,
  accept: true,
  maxSide: true,
  onUploadProgress: true,
  signal: true,
  timeoutMs: true,
};

/** Throws a TypeError for an option that no call has, such as a misspelt one in a program without types. */
export function checkNames(options: object): void {
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(NAMES, name));
  if (unknown !== undefined) {
    throw new TypeError(`Calls have no option “${unknown}”. Their options are ${Object.keys(NAMES).join(", ")}.`);
  }
}
