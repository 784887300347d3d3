/** The service's shapes by short names. All come from its OpenAPI document (openapi.ts, made by `npm run types`). */
import type { components, paths } from "./openapi.js";

type Schemas = components["schemas"];
type Query<Path extends "/parse" | "/pose" | "/analyze"> = NonNullable<paths[Path]["post"]["parameters"]["query"]>;

export type ParseAnswer = Schemas["ParseAnswer"];
export type PoseAnswer = Schemas["PoseAnswer"];
export type AnalyzeAnswer = Schemas["AnalyzeAnswer"];
/** A label that is in the photo. */
export type Label = Schemas["LabelAnswer"];
export type Person = Schemas["PersonAnswer"];
/** A person with the labels that are theirs. */
export type ParsedPerson = Schemas["ParsedPerson"];
/** A person with joints and labels. */
export type AnalyzedPerson = Schemas["AnalyzedPerson"];
export type Keypoint = Schemas["Keypoint"];
/** What was seen in one of the boxes that were asked about. */
export type Region = Schemas["Region"];
export type Rle = Schemas["Rle"];
export type Segment = Schemas["Segment"];
export type CocoResult = Schemas["CocoResult"];
export type OpenPoseAnswer = Schemas["OpenPoseAnswer"];
/** A person as a COCO instance result: box, score and mask. */
export type CocoInstance = Schemas["CocoInstance"];
/** The model's card, and what it runs on. */
export type Model = Schemas["ModelAnswer"];
export type Health = Schemas["Health"];
export type Problem = Schemas["Problem"];

export type ParseFormat = NonNullable<Query<"/parse">["format"]>;
export type PoseFormat = NonNullable<Query<"/pose">["format"]>;
export type AnalyzeFormat = NonNullable<Query<"/analyze">["format"]>;
