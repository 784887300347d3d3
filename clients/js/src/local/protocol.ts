/** The messages between page and Worker. */
import type { Labels } from "../labels.js";
import type { Box } from "../options.js";

/** Where the model is, and how it is run. */
export interface Setup {
  model: string;
  detector: string | undefined;
  apiKey: string | undefined;
  wasmPaths: string | undefined;
  /** The address of the `.wasm` file itself. */
  wasm: string | undefined;
  provider: "auto" | "webgpu" | "wasm";
  maxPeople: number;
}

export interface Question {
  call: "parse" | "pose" | "analyze";
  format: "json" | "mask" | "ids";
  labels?: Labels | undefined;
  mask?: "png" | "rle" | undefined;
  boxes?: readonly Box[] | undefined;
  people?: "auto" | "one" | number | undefined;
}

/** What the page asks; `load` only opens the model. The first message is the setup. */
export type Request = { id: number } & ({ kind: "load" } | { kind: "ask"; photo: Blob | ImageBitmap; question: Question });

/** What fails in the Worker, in a form that messages carry. */
export interface Failure {
  message: string;
  /** The slug of the problem's type and its status, if the service would answer with a problem, too. */
  problem?: { slug: string; title: string; status: number };
}

export type Reply =
  | { id: number; value: unknown }
  | { id: number; failure: Failure }
  /** Bytes of the files that have come; `total` is undefined where the server does not say. */
  | { loaded: number; total: number | undefined };

/** What runs the model. */
export interface LoadedModel {
  name: string;
  version: string;
  provider: "webgpu" | "wasm";
  /** What finds people; not there without a detector. */
  detector?: { name: string; version: string };
}
