import type { Labels } from "./labels.js";
import type { CallOptions } from "./options.js";
import type { Box } from "./options.js";
import type { Photo } from "./photo.js";
import type { AnalyzeAnswer } from "./types.js";

/** What the hooks call: a `Jppnet` or a `LocalJppnet`. */
export interface Analyzer {
  analyze(photo: Photo, options: AnalysisOptions & Pick<CallOptions, "signal">): Promise<AnalyzeAnswer>;
}

/** How a photo is analysed; in a component, the same object or equal values from one rendering to the next. */
export interface AnalysisOptions {
  labels?: Labels;
  mask?: "png" | "rle";
  boxes?: readonly Box[];
}
