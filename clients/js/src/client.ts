import type { Answer } from "./answer.js";
import { authorization } from "./encoding.js";
import { eachLabel } from "./labels.js";
import { checkNames } from "./option-names.js";
import type {
  AnalyzeOptions,
  AnalyzeResults,
  CallOptions,
  ClientOptions,
  ParseOptions,
  ParseResults,
  PoseOptions,
  PoseResults,
} from "./options.js";
import type { Photo } from "./photo.js";
import { ProblemError } from "./problem.js";
import { send } from "./request.js";
import type { AnalyzeFormat, Health, Model, ParseFormat, PoseFormat } from "./types.js";

type Path = "parse" | "pose" | "analyze" | "model" | "readyz";
type Options = ParseOptions & PoseOptions<string> & AnalyzeOptions<string>;

/** Longest side of an upload: the model sees a few hundred pixels, and a person who is small in the photo is cropped. */
const MAX_SIDE = 2048;
/** Formats that are JSON; the others are pictures. */
const IN_JSON: ReadonlySet<string> = new Set(["json", "hf", "coco", "openpose", "openpose-18"]);
/** How whole pictures end, by media type: PNG's chunk IEND, JPEG's marker. */
const ENDS: Readonly<Record<string, readonly number[]>> = {
  "image/png": [0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82],
  "image/jpeg": [0xff, 0xd9],
};

/** A jppnet service. All calls may be made at the same time, and all reject as `ProblemError` says. */
export class Jppnet {
  readonly #base: string;
  readonly #options: ClientOptions;

  /** `url` is where the service is, such as `http://localhost:8000`; in a page also a path, such as `/api`. */
  constructor(url: string | URL, options: ClientOptions = {}) {
    const page = typeof location === "undefined" ? undefined : location.href;
    this.#base = new URL(url, page).href.replace(/\/*$/, "/");
    this.#options = options;
  }

  /** Who wears what where: every pixel's label. */
  parse<Format extends ParseFormat = "json">(
    photo: Photo,
    options: ParseOptions<Format> = {},
  ): Promise<ParseResults[Format]> {
    return this.#ask("parse", photo, options as Options);
  }

  /** How they stand: named joints. */
  pose<Format extends PoseFormat = "json">(
    photo: Photo,
    options: PoseOptions<Format> = {},
  ): Promise<PoseResults[Format]> {
    return this.#ask("pose", photo, options as Options);
  }

  /** What `parse` and `pose` say, from one run of the model. */
  analyze<Format extends AnalyzeFormat = "json">(
    photo: Photo,
    options: AnalyzeOptions<Format> = {},
  ): Promise<AnalyzeResults[Format]> {
    return this.#ask("analyze", photo, options as Options);
  }

  /** The model: its labels, joints, colours and figures, and what it runs on. */
  async model(options: CallOptions = {}): Promise<Model> {
    return json(await this.#send("model", new URLSearchParams(), { method: "GET" }, options));
  }

  /** Resolves when the service is ready for photos. Not tried again: that it is busy or gone is an answer, too. */
  async health(options: CallOptions = {}): Promise<Health> {
    return json(await this.#send("readyz", new URLSearchParams(), { method: "GET" }, options, 0));
  }

  async #ask<Result>(path: Path, photo: Photo, options: Options): Promise<Result> {
    const { format = "json", accept, boxes, signal, maxSide = this.#options.maxSide ?? MAX_SIDE, onUploadProgress } = options;
    checkNames(options);
    signal?.throwIfAborted();
    const { enlarge, shrink, shrinkBox } = await import("./shrink.js");
    const upload = await shrink(photo, maxSide, signal);
    const asked = boxes ? { ...options, boxes: boxes.map((box) => shrinkBox(box, upload.scale)) } : options;
    const headers = { "Content-Type": "application/octet-stream", ...(accept && { Accept: accept }) };
    const request = { method: "POST", headers, body: upload.body };
    const fetcher =
      onUploadProgress && typeof XMLHttpRequest !== "undefined"
        ? (await import("./upload.js")).uploadWith(onUploadProgress)
        : undefined;
    const answer = await this.#send(path, query(format, asked), request, options, undefined, fetcher);
    return IN_JSON.has(format) ? enlarge(await json(answer), upload) : ((await picture(answer)) as Result);
  }

  #send(
    path: Path,
    query: URLSearchParams,
    request: RequestInit,
    { signal, timeoutMs = this.#options.timeoutMs ?? 30_000 }: CallOptions,
    retries = this.#options.retries ?? 2,
    fetcher = this.#options.fetch ?? globalThis.fetch,
  ): Promise<Answer> {
    const url = new URL(path, this.#base);
    url.search = query.toString();
    const { apiKey, onRetry } = this.#options;
    const headers = { ...request.headers, ...authorization(apiKey) };
    return send(url, { ...request, headers }, { fetch: fetcher, retries, timeoutMs, signal, onRetry });
  }
}

function query(format: string, { labels, opacity, mask, image_id, people, boxes }: Options): URLSearchParams {
  const query = new URLSearchParams({ format });
  if (labels) query.set("labels", eachLabel(labels).join(","));
  if (opacity !== undefined) query.set("opacity", `${opacity}`);
  if (mask) query.set("mask", mask);
  if (image_id !== undefined) query.set("image_id", `${image_id}`);
  if (people !== undefined) query.set("people", `${people}`);
  for (const box of boxes ?? []) query.append("box", box.join(","));
  return query;
}

async function json<Shape>(answer: Answer): Promise<Shape> {
  try {
    const value: unknown = JSON.parse(await answer.body.text());
    if (typeof value === "object" && value !== null) return value as Shape;
  } catch {
    // whatever it is, it is told below
  }
  throw await ProblemError.unreadable(answer);
}

async function picture(answer: Answer): Promise<Blob> {
  const end = ENDS[answer.body.type.split(";")[0]!.trim()];
  const last = end && new Uint8Array(await answer.body.slice(-end.length).arrayBuffer());
  if (last?.length && last.every((byte, index) => byte === end![index])) return answer.body;
  throw await ProblemError.unreadable(answer);
}
