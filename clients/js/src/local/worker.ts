/** The Worker: opens the model once, then answers one question after the other. */
import { type Analysis, BoxOutsideError, type Model, analyzePeople, analyzePixels } from "./analysis.js";
import { NoJointsError, NoLabelsError, UnknownLabelError, makeAnswer, requireAnswer } from "./answer.js";
import { type Detector, openDetector } from "./detector.js";
import { fetchModelFile } from "./model-file.js";
import { openModel } from "./model.js";
import { UndecodableError, pixelsOf } from "./pixels.js";
import type { Pixels } from "./plane.js";
import type { Failure, LoadedModel, Question, Reply, Request, Setup } from "./protocol.js";

type Opened = Model & Pick<LoadedModel, "provider"> & { detector: Detector | undefined };

const PROBLEMS = [
  { error: UndecodableError, slug: "not-a-photo", title: "Not a photo", status: 415 },
  { error: UnknownLabelError, slug: "unknown-label", title: "Unknown label", status: 422 },
  { error: NoLabelsError, slug: "no-labels", title: "No labels", status: 404 },
  { error: NoJointsError, slug: "no-joints", title: "No joints", status: 404 },
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
    const found = model.detector && { name: model.detector.card.name, version: model.detector.card.version };
    return { name, version, provider: model.provider, ...(found && { detector: found }) } satisfies LoadedModel;
  }
  requireAnswer(model.card, request.question);
  const photo = await pixelsOf(request.photo);
  return makeAnswer(await analyze(photo, model, request.question), request.question);
}

function analyze(photo: Pixels, model: Opened, { boxes = [], people = "auto" }: Question): Promise<Analysis> {
  if (!model.detector || boxes.length || people === "one") return analyzePixels(photo, model, boxes);
  const { maxPeople } = setup!;
  const most = people === "auto" ? maxPeople : Math.min(people, maxPeople);
  return analyzePeople(photo, model, model.detector, most);
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
  const { model, detector, apiKey } = setup!;
  const urls = [model, ...(detector === undefined ? [] : [detector])];
  const parts: { loaded: number; total: number | undefined }[] = [];
  const [file, detectorFile] = await Promise.all(
    urls.map((url, index) =>
      fetchModelFile(url, apiKey, (loaded, total) => {
        parts[index] = { loaded, total };
        reply(sum(Object.values(parts)));
      }),
    ),
  );
  const opened = await openModel(file!, setup!);
  return { ...opened, detector: detectorFile && (await openDetector(detectorFile, setup!)) };
}

/** What of several files has come. */
function sum(parts: readonly { loaded: number; total: number | undefined }[]) {
  const total = parts.every((part) => part.total !== undefined) ? parts.reduce((all, part) => all + part.total!, 0) : undefined;
  return { loaded: parts.reduce((all, part) => all + part.loaded, 0), total };
}

function failure(error: unknown): Failure {
  const problem = PROBLEMS.find((kind) => error instanceof kind.error);
  const message = error instanceof Error ? error.message : String(error);
  if (!problem) return { message };
  const { slug, title, status } = problem;
  return { message, problem: { slug, title, status } };
}
