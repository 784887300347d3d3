/** The service's answers (docs/http.md), made of an analysis. */
import { base64 } from "../encoding.js";
import { eachLabel } from "../labels.js";
import type { AnalyzeAnswer, Label, ParseAnswer, ParsedPerson, PoseAnswer, Region } from "../types.js";
import { type Analysis, type Part, findParts, partsOfPeople } from "./analysis.js";
import { asTuple, moved } from "./box.js";
import type { Card } from "./card.js";
import { encodePng } from "./png.js";
import type { Plane } from "./plane.js";
import type { Question } from "./protocol.js";
import { encodeLabels } from "./rle.js";

/** Labels were asked for that the model does not have. */
export class UnknownLabelError extends Error {}
/** A mask is asked of a model for pose alone. */
export class NoLabelsError extends Error {}
/** Joints are asked of a model for parsing alone. */
export class NoJointsError extends Error {}

/** Throws if a model of this card has nothing to say to the question. */
export function requireAnswer({ name, labels, joints }: Card, { call, labels: wanted }: Question): void {
  if (!labels.length && (call === "parse" || wanted?.length)) {
    throw new NoLabelsError(`The model ${name} is for pose alone: it has no labels, so that there is no mask. Call pose().`);
  }
  if (!joints.length && call === "pose") {
    throw new NoJointsError(`The model ${name} is for parsing alone: it has no joints. Call parse() or analyze().`);
  }
}

const rounded = (value: number, digits: number) => Number(value.toFixed(digits));

/** The answer to a question: an object as the service's JSON, or a PNG. */
export async function makeAnswer(analysis: Analysis, question: Question): Promise<object | Blob> {
  const chosen = chosenLabels(analysis, question);
  if (question.format === "mask") return maskPng(analysis.ids, analysis, chosen);
  if (question.format === "ids") return encodePng(only(analysis.ids, chosen));
  const { card, size } = analysis;
  const common = { model: { name: card.name, version: card.version }, image: size };
  if (question.call === "pose") return { ...common, ...pose(analysis) } satisfies PoseAnswer;
  const asRle = question.mask === "rle";
  const parsing = await parse(analysis, chosen, asRle);
  const own = analysis.found && card.labels.length ? ownParts(analysis, chosen, asRle) : undefined;
  if (question.call === "parse") {
    const people = own?.map((parts, index) => ({ ...identity(analysis, index), ...parts }));
    return { ...common, ...parsing, ...(people && { people }) } satisfies ParseAnswer;
  }
  const { people, skeleton } = pose(analysis);
  const whole = people.map((person, index) => ({ ...person, ...own?.[index] }));
  return { ...common, ...parsing, people: whole, skeleton } satisfies AnalyzeAnswer;
}

/** Who was found: number, box and score. */
function identity({ found }: Analysis, index: number) {
  const { box, score } = found!.people[index]!;
  return { index: index + 1, box: asTuple(box), score: rounded(score, 4) };
}

/** What of the mask is whose, person by person. */
function ownParts(analysis: Analysis, chosen: Chosen, asRle: boolean): Pick<ParsedPerson, "labels" | "rle">[] {
  const { people } = analysis.found!;
  const rles = asRle ? encodeLabels(instances(analysis, chosen), people.map((_, index) => index + 1)) : undefined;
  return partsOfPeople(analysis).map((parts, index) => ({
    labels: describe(analysis, analysis.ids, parts.filter(({ label }) => chosen(label)), false),
    ...(rles && { rle: rles.get(index + 1)! }),
  }));
}

/** Whose each pixel is, those of labels that are not wanted being nobody's. */
function instances({ ids, found }: Analysis, chosen: Chosen): Plane {
  return { ...ids, data: found!.owners.data.map((owner, pixel) => (chosen(ids.data[pixel]!) ? owner : 0)) };
}

type Chosen = (label: number) => boolean;

function chosenLabels({ card }: Analysis, { labels }: Question): Chosen {
  if (!labels?.length) return () => true;
  const ids = eachLabel(labels).map((label) => {
    const found = card.labels.find(({ id, name }) => name === label || `${id}` === `${label}`);
    if (found) return found.id;
    const names = card.labels.map(({ name }) => name).join(", ");
    throw new UnknownLabelError(`“${label}” is none of the model's labels, which are ${names}.`);
  });
  return (label) => ids.includes(label);
}

function pose(analysis: Analysis): Pick<PoseAnswer, "people" | "skeleton"> {
  const { card, views, viewIds, found } = analysis;
  const people = views.flatMap(({ person, joints }, view): PoseAnswer["people"] => {
    const keypoints = joints.map(([x, y, score], joint) => ({
      name: card.joints[joint]!,
      x: rounded(x, 2),
      y: rounded(y, 2),
      score: rounded(score, 4),
    }));
    if (found) return [{ ...identity(analysis, view), keypoints }];
    if (!person) return [];
    const region = viewIds && { region: view };
    return [{ box: asTuple(person.box), score: rounded(person.score, 4), keypoints, ...region }];
  });
  return { people, skeleton: card.skeleton };
}

async function parse(
  analysis: Analysis,
  chosen: Chosen,
  asRle: boolean,
): Promise<Pick<ParseAnswer, "labels" | "mask" | "instances" | "regions">> {
  const measure = async (ids: Plane, parts: Part[]) => ({
    labels: describe(analysis, ids, parts.filter(({ label }) => chosen(label)), asRle),
    ...(!asRle && { mask: await base64(await maskPng(ids, analysis, chosen)) }),
  });
  const { card, ids, views, viewIds } = analysis;
  if (!card.labels.length) return { labels: [] };
  const whole = await measure(ids, findParts(ids, views));
  if (!viewIds) {
    const hasInstances = analysis.found && !asRle;
    return { ...whole, ...(hasInstances && { instances: await base64(await encodePng(instances(analysis, chosen))) }) };
  }
  const regions = viewIds.map(async (own, index): Promise<Region> => {
    const view = views[index]!;
    const parts = findParts(own, [view]).map((part) => ({ ...part, box: moved(part.box, view.box.x, view.box.y) }));
    return { box: asTuple(view.box), ...(await measure(own, parts)) };
  });
  return { ...whole, regions: await Promise.all(regions) };
}

function describe({ card }: Analysis, ids: Plane, parts: Part[], asRle: boolean): Label[] {
  const rles = asRle ? encodeLabels(ids, parts.map(({ label }) => label)) : undefined;
  return parts.map(({ label, pixels, box, confidence }) => ({
    ...card.labels[label]!,
    pixels,
    share: rounded(pixels / ids.data.length, 6),
    box: asTuple(box),
    confidence: rounded(confidence, 4),
    ...(rles && { rle: rles.get(label)! }),
  }));
}

function only(ids: Plane, chosen: Chosen): Plane {
  return { ...ids, data: ids.data.map((label) => (chosen(label) ? label : 0)) };
}

function maskPng(ids: Plane, { card }: Analysis, chosen: Chosen): Promise<Blob> {
  return encodePng(only(ids, chosen), card.labels.map(({ color }) => color));
}
