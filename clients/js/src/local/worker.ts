/** The Worker: opens the model once, then answers one question after the other. */
import { BoxOutsideError, type Model, analyzePixels } from "./analysis.js";
import { UnknownLabelError, makeAnswer } from "./answer.js";
import { fetchModelFile } from "./model-file.js";
import { openModel } from "./model.js";
import { UndecodableError, pixelsOf } from "./pixels.js";
import type { Failure, LoadedModel, Reply, Request, Setup } from "./protocol.js";

type Opened = Model & Pick<LoadedModel, "provider">;

const PROBLEMS = [
  { error: UndecodableError, slug: "not-a-photo", title: "Not a photo", status: 415 },
  { error: UnknownLabelError, slug: "unknown-label", title: "Unknown label", status: 422 },
  { error: BoxOutsideError, slug: "box-outside", title: "Box outside the photo", status: 422 },
];

const reply = (message: Reply) => self.postMessage(message);
let setup: Setup | undefined;
let opened: Promise<Opened> | undefined;
let last: Promise<unknown> = Promise.resolve();

self.onmessage = ({ data }: MessageEvent<Setup | Request>) => {
  if (!("id" in data)) {
    setup = data;
    return;
  }
  // A session runs one question at a time.
  last = last.then(() =>
    answer(data).then(
      (value) => reply({ id: data.id, value }),
      (error: unknown) => reply({ id: data.id, failure: failure(error) }),
    ),
  );
};

async function answer(request: Request): Promise<unknown> {
  const model = await open();
  if (request.kind === "load") {
    const { name, version } = model.card;
    return { name, version, provider: model.provider } satisfies LoadedModel;
  }
  const photo = await pixelsOf(request.photo);
  return makeAnswer(await analyzePixels(photo, model, request.question.boxes ?? []), request.question);
}

/** The open model; after a failure the next call tries anew. */
function open(): Promise<Opened> {
  opened ??= load().catch((error: unknown) => {
    opened = undefined;
    throw error;
  });
  return opened;
}

async function load(): Promise<Opened> {
  const { model, apiKey } = setup!;
  return openModel(await fetchModelFile(model, apiKey, (loaded, total) => reply({ loaded, total })), setup!);
}

function failure(error: unknown): Failure {
  const problem = PROBLEMS.find((kind) => error instanceof kind.error);
  const message = error instanceof Error ? error.message : String(error);
  if (!problem) return { message };
  const { slug, title, status } = problem;
  return { message, problem: { slug, title, status } };
}
