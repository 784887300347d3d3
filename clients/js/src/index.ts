export { Jppnet } from "./client.js";
export type {
  AnalyzeOptions,
  AnalyzeResults,
  CallOptions,
  ClientOptions,
  Box,
  ParseOptions,
  ParseResults,
  PoseOptions,
  PoseResults,
  Retry,
  UploadProgress,
} from "./options.js";
export type { Photo, Picture } from "./photo.js";
export type { ProblemSlug, ProblemType } from "./problem-type.js";
export { ProblemError } from "./problem.js";
export { decodeRle, labelIds } from "./rle.js";
export type { LabelIds } from "./rle.js";
export type {
  AnalyzeAnswer,
  AnalyzeFormat,
  AnalyzedPerson,
  CocoInstance,
  CocoResult,
  OpenPoseAnswer,
  Health,
  Keypoint,
  Label,
  Model,
  ParseAnswer,
  ParseFormat,
  ParsedPerson,
  Person,
  PoseAnswer,
  PoseFormat,
  Problem,
  Region,
  Rle,
  Segment,
} from "./types.js";
