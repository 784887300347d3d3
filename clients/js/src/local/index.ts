/** `jppnet/local`: the service's calls and answers, computed in the page. Photos do not leave it. */
import type { CallOptions, MaskOptions, Box } from "../options.js";
import { checkNames } from "../option-names.js";
import { type Photo, isPicture, photoBlob } from "../photo.js";
import { ProblemError } from "../problem.js";
import type { AnalyzeAnswer, ParseAnswer, PoseAnswer } from "../types.js";
import type { Failure, LoadedModel, Question, Reply, Request, Setup } from "./protocol.js";

export type { LoadedModel } from "./protocol.js";

export interface LocalOptions {
  /** The address of a detector's file, such as a service's `/model/detector/file`; without, one person is looked for. */
  detector?: string | URL;
  /** People of a photo who are answered at most, the surest: 20 if not set, as of a service. */
  maxPeople?: number;
  /** Shown to the server of the model file, for a service that wants a key. */
  apiKey?: string;
  /** What runs the model: WebGPU where it is there and computes rightly, else WebAssembly, if not set. */
  provider?: "auto" | "webgpu" | "wasm";
  /** The folder of onnxruntime-web's `.wasm` files, if it is not where your bundler puts them. */
  wasmPaths?: string;
  /** The address of the one `.wasm` file that is used, or of a `.wasm.gz`, for servers that compress nothing. */
  wasm?: string;
  /** Told while the files come over the network; not told for cached ones. */
  onDownload?: (progress: { loaded: number; total: number | undefined }) => void;
  /** Makes the Worker, if your bundler does not find it by itself. */
  worker?: () => Worker;
}

interface LocalCall extends CallOptions {
  /** People in a larger photo, one box each. */
  boxes?: readonly Box[];
  /** Who is looked for: everybody (`auto`, if not set), one person, or at most so many. Not with `boxes`. */
  people?: "auto" | "one" | number;
}
/** The formats that are made here; for the others, `jppnet/draw` draws. */
export type LocalParseFormat = "json" | "mask" | "ids";
export interface LocalParseOptions<Format = LocalParseFormat> extends LocalCall, Omit<MaskOptions, "opacity"> {
  format?: Format;
}
export type LocalAnalyzeOptions = LocalCall & Omit<MaskOptions, "opacity">;

/** A model in a Worker of this page. Calls may be made at the same time; they are answered one after the other. */
export class LocalJppnet {
  readonly #setup: Setup;
  readonly #options: LocalOptions;
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: unknown) => void }>();
  #worker: Worker | undefined;
  #calls = 0;

  /** `model` is the address of a model file, such as a service's `http://localhost:8000/model/file`. */
  constructor(model: string | URL, options: LocalOptions = {}) {
    const { detector, apiKey, wasmPaths, wasm, provider = "auto", maxPeople = 20 } = options;
    const page = typeof location === "undefined" ? undefined : location.href;
    const resolve = (url: string | URL | undefined) => (url === undefined ? undefined : new URL(url, page).href);
    this.#setup = {
      model: new URL(model, page).href,
      detector: resolve(detector),
      apiKey,
      wasmPaths: resolve(wasmPaths),
      wasm: resolve(wasm),
      provider,
      maxPeople,
    };
    this.#options = options;
  }

  /** Fetches and opens the model; without it, the first call does. Says what runs it. */
  load(options: CallOptions = {}): Promise<LoadedModel> {
    return this.#send({ kind: "load" }, options);
  }

  /** Who wears what where: every pixel's label. */
  parse(photo: Photo, options?: LocalParseOptions<"json">): Promise<ParseAnswer>;
  parse(photo: Photo, options: LocalParseOptions<"mask" | "ids">): Promise<Blob>;
  parse(photo: Photo, options: LocalParseOptions = {}): Promise<ParseAnswer | Blob> {
    return this.#ask("parse", photo, options);
  }

  /** How they stand: named joints. */
  pose(photo: Photo, options: LocalCall = {}): Promise<PoseAnswer> {
    return this.#ask("pose", photo, options);
  }

  /** What `parse` and `pose` say, from one run of the model. */
  analyze(photo: Photo, options: LocalAnalyzeOptions = {}): Promise<AnalyzeAnswer> {
    return this.#ask("analyze", photo, options);
  }

  /** Ends the Worker and frees the model's memory; calls under way reject. A later call starts anew. */
  close(): void {
    this.#fail(new DOMException("The local model was closed.", "AbortError"));
  }

  async #ask<Answer>(call: Question["call"], photo: Photo, options: LocalParseOptions): Promise<Answer> {
    checkNames(options);
    const { format = "json", labels, mask, boxes, people } = options;
    if (boxes && people !== undefined) throw new TypeError("Say either where people are (boxes) or who is looked for (people).");
    const question: Question = { call, format, labels, mask, boxes, people };
    const picture = isPicture(photo) ? await createImageBitmap(photo) : await photoBlob(photo, options.signal);
    return this.#send({ kind: "ask", photo: picture, question }, options);
  }

  #send<Value>(request: DistributiveOmit<Request, "id">, { signal, timeoutMs }: CallOptions): Promise<Value> {
    const id = this.#calls++;
    return new Promise<Value>((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const timer =
        timeoutMs === undefined
          ? undefined
          : setTimeout(() => finish(() => reject(new DOMException("The model did not answer in time.", "TimeoutError"))), timeoutMs);
      const abort = () => finish(() => reject(signal!.reason));
      const finish = (settle: () => void) => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
        this.#waiting.delete(id);
        settle();
      };
      signal?.addEventListener("abort", abort);
      this.#waiting.set(id, {
        resolve: (value) => finish(() => resolve(value as Value)),
        reject: (error) => finish(() => reject(error)),
      });
      const transfer = "photo" in request && !(request.photo instanceof Blob) ? [request.photo] : [];
      this.#start().postMessage({ ...request, id }, transfer);
    });
  }

  #start(): Worker {
    if (this.#worker) return this.#worker;
    const make = this.#options.worker ?? (() => new Worker(new URL("./worker.js", import.meta.url), { type: "module" }));
    const worker = (this.#worker = make());
    worker.onmessage = ({ data }: MessageEvent<Reply>) => {
      if ("loaded" in data) return this.#options.onDownload?.(data);
      const call = this.#waiting.get(data.id); // one that was aborted no longer waits
      if ("failure" in data) call?.reject(asError(data.failure));
      else call?.resolve(data.value);
    };
    worker.onerror = (event) => {
      this.#fail(new Error(`The Worker of jppnet/local failed: ${event.message || "its script cannot be loaded"}`));
    };
    worker.postMessage(this.#setup);
    return worker;
  }

  #fail(error: unknown): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    for (const { reject } of [...this.#waiting.values()]) reject(error);
  }
}

type DistributiveOmit<Union, Key extends PropertyKey> = Union extends unknown ? Omit<Union, Key> : never;

function asError({ message, problem }: Failure): Error {
  if (!problem) return new Error(message);
  const { slug, title, status } = problem;
  return new ProblemError({ type: `urn:jppnet:problem:${slug}`, title, detail: message, status });
}
