import type { Labels } from "./labels.js";
import type { ProblemError } from "./problem.js";
import type {
  AnalyzeAnswer,
  AnalyzeFormat,
  CocoInstance,
  CocoResult,
  OpenPoseAnswer,
  ParseAnswer,
  ParseFormat,
  PoseAnswer,
  PoseFormat,
  Segment,
} from "./types.js";

export interface ClientOptions {
  /** Shown to a service that wants one. Whoever can see a page can see its keys: keep them on your own server. */
  apiKey?: string | undefined;
  /** Time a call may take, waits and further tries included; 30,000 ms if not set. */
  timeoutMs?: number;
  /** How often a call is tried again when the service is busy (503) or not to be reached; twice if not set. */
  retries?: number;
  /** Told before a call waits to be tried again. */
  onRetry?: (retry: Retry) => void;
  /** Longest side in pixels of what is uploaded, where `maxSide` of a call says nothing; 2048 if not set. */
  maxSide?: number;
  /** What to use in place of the global `fetch`. */
  fetch?: typeof fetch;
}

/** A call that is about to be tried again. */
export interface Retry {
  /** Tries so far. */
  tries: number;
  /** Time until the next one. */
  waitMs: number;
  /** Why: a busy service's `ProblemError`, or fetch's `TypeError`. */
  reason: ProblemError | TypeError;
}

/** Bytes of the photo that are sent. */
export interface UploadProgress {
  loaded: number;
  total: number;
}

export interface CallOptions {
  /** Ends the call when it is aborted; the promise rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** In place of the client's. */
  timeoutMs?: number;
}

/** x and y of the top-left corner, width and height, in pixels of the upright photo. */
export type Box = readonly [x: number, y: number, width: number, height: number];

interface PhotoOptions<Format> extends CallOptions {
  /** What to get; `json` if not set. */
  format?: Format;
  /** People in a larger photo, one box each. */
  boxes?: readonly Box[];
  /** Who is looked for: everybody (`auto`, if not set), one person who fills the photo, or at most so many. Not with `boxes`. */
  people?: "auto" | "one" | number;
  /** The media type of an overlay: `image/jpeg` if not set. */
  accept?: "image/jpeg" | "image/png";
  /**
   * In a page, a photo with a longer side is made smaller before it is uploaded. Boxes and joints are still in the
   * photo's own pixels; masks and pictures have the size of what was uploaded. `Infinity` uploads every file as it is.
   */
  maxSide?: number;
  /** Told, in a page, how much of the photo is sent. It needs XMLHttpRequest and goes past a `fetch` of your own. */
  onUploadProgress?: (progress: UploadProgress) => void;
}

export interface MaskOptions {
  /** Only these labels, by name or id; a text may name several, with commas. */
  labels?: Labels;
  /** Of an overlay's colours, 0–1. */
  opacity?: number;
  /** How JSON holds the mask: one PNG in base64, or run lengths per label, which `labelIds` decodes. */
  mask?: "png" | "rle";
}

export type ParseOptions<Format = ParseFormat> = PhotoOptions<Format> &
  MaskOptions & {
    /** What COCO results call the photo. */
    image_id?: number;
  };
export type AnalyzeOptions<Format = AnalyzeFormat> = PhotoOptions<Format> & MaskOptions;
export interface PoseOptions<Format = PoseFormat> extends PhotoOptions<Format> {
  /** What COCO results call the photo. */
  image_id?: number;
}

type Known<Format extends string, Results extends Record<Format, unknown>> = Results;

/** What `parse` gives, by format. */
export type ParseResults = Known<
  ParseFormat,
  {
    mask: Blob;
    ids: Blob;
    instances: Blob;
    overlay: Blob;
    cutout: Blob;
    json: ParseAnswer;
    hf: Segment[];
    coco: CocoInstance[];
  }
>;
/** What `pose` gives, by format. */
export type PoseResults = Known<
  PoseFormat,
  { json: PoseAnswer; coco: CocoResult[]; openpose: OpenPoseAnswer; "openpose-18": OpenPoseAnswer; overlay: Blob }
>;
/** What `analyze` gives, by format. */
export type AnalyzeResults = Known<
  AnalyzeFormat,
  { json: AnalyzeAnswer; openpose: OpenPoseAnswer; "openpose-18": OpenPoseAnswer; overlay: Blob }
>;
