/** A photo's answer from runs of a model: views of boxes, of people who were found or of the whole, and one label map. */
import { type Rectangle, grown, moved, roundHalfEven, within } from "./box.js";
import type { Card } from "./card.js";
import type { Detection, Detector } from "./detector.js";
import { type Fit, type Size, fitPhoto, planFit } from "./fit.js";
import { confidenceMap, labelMap } from "./mask.js";
import { type LabelledBox, type Merged, mergeLabelMaps } from "./merge.js";
import { ownership } from "./ownership.js";
import { CROP_MARGIN, choosePeople, personWhoFills, reach } from "./people.js";
import { type Pixels, type Plane, boxAround, cut, emptyPlane } from "./plane.js";
import { type Prediction, type View, makeView, secondPassBox, withMargin } from "./view.js";

/** A model that runs: takes the fitted input (height, width, 3). */
export interface Model {
  card: Card;
  input: Size;
  run(image: Uint8Array): Promise<Prediction>;
}

export interface Analysis {
  card: Card;
  size: Size;
  /** The label of every photo pixel. */
  ids: Plane;
  views: View[];
  /** The views' own label maps, where boxes were asked about. */
  viewIds?: Plane[];
  /** Where people were looked for: who is answered, one for each view, scored by detector and model; whose each pixel is. */
  found?: { people: Detection[]; owners: Plane };
}

/** A label that is in a label map; the confidence is a mean, 0–1. */
export interface Part {
  label: number;
  pixels: number;
  box: Rectangle;
  confidence: number;
}

type BoxTuple = readonly [number, number, number, number];

/** Runs the model on a photo, or on the surroundings of each box. */
export async function analyzePixels(photo: Pixels, model: Model, boxes: readonly BoxTuple[]): Promise<Analysis> {
  const look = (box: Rectangle) => lookAt(photo, model, box);
  const { width, height } = photo;
  const result = { card: model.card, size: { width, height } };
  if (boxes.length) {
    const views: View[] = [];
    for (const box of boxes.map((box, index) => viewOf(box, index, photo))) views.push(await look(box));
    const drawn = views.map(draw);
    return { ...result, views, ids: mergeLabelMaps(drawn, photo).ids, viewIds: drawn.map(({ ids }) => ids) };
  }
  const whole = await look({ x: 0, y: 0, width, height });
  // A model that is shown photos squashed learnt from whole ones.
  const closer = model.card.fit === "letterbox" ? secondPassBox(whole) : undefined;
  if (!closer) return { ...result, views: [whole], ids: labelMap(whole.grid, photo) };
  const view = await look(closer);
  return { ...result, views: [view], ids: mergeLabelMaps([draw(view)], photo).ids };
}

/** Runs the model on everybody whom the detector finds in a photo, `most` people at most. */
export async function analyzePeople(photo: Pixels, model: Model, detector: Detector, most: number): Promise<Analysis> {
  const { width, height } = photo;
  const size = { width, height };
  const whole = { x: 0, y: 0, ...size };
  const people = choosePeople(await detector.find(photo), most, size);
  const filling = personWhoFills(people, size, model.input);
  const views: View[] = [];
  for (const person of people) {
    const box = person === filling ? whole : withMargin(person.box, size, CROP_MARGIN);
    views.push(await lookAt(photo, model, box));
  }
  const isWhole = views.length === 1 && views[0]!.box.width === width && views[0]!.box.height === height;
  const { ids, owners } = isWhole ? limited(views[0]!, people[0]!.box) : claimed(views, people, size);
  return { card: model.card, size, ids, views, found: { people, owners } };
}

async function lookAt(photo: Pixels, model: Model, box: Rectangle): Promise<View> {
  const fit: Fit = planFit(box, model.input, model.card.fit);
  return makeView(box, fit, await model.run(fitPhoto(photo, box, fit, model.card.pad_color)));
}

/** All labels of a view of the whole photo that the one person can reach. */
function limited({ box, grid }: View, person: Rectangle): Merged {
  const [mask, ids] = [labelMap(grid, box), emptyPlane(box.width, box.height)];
  const own = reach(person, box, true);
  for (let y = own.y; y < own.y + own.height; y++) {
    const start = y * box.width + own.x;
    ids.data.set(mask.data.subarray(start, start + own.width), start);
  }
  return { ids, owners: { ...ids, data: ids.data.map((label) => (label ? 1 : 0)) } };
}

/** What of each person's view is that person's. Views in which nobody is seen claim nothing. */
function claimed(views: readonly View[], people: readonly Detection[], photo: Size): Merged {
  const boxes = people.map(({ box }) => box);
  const pieces = views.map((view, index): LabelledBox => {
    const nothing = { x: 0, y: 0, width: 0, height: 0 };
    if (!view.person) return { box: nothing, ids: emptyPlane(0, 0), confidence: emptyPlane(0, 0) };
    const owned = ownership(view, boxes[index]!, boxes.filter((_, other) => other !== index));
    const claims = view.grid.confidence.data.map((sure, cell) => roundHalfEven(sure * owned[cell]!));
    const claim = confidenceMap({ ...view.grid, confidence: { ...view.grid.confidence, data: claims } }, view.box);
    const mask = labelMap(view.grid, view.box);
    const ids = { ...mask, data: mask.data.map((label, pixel) => (claim.data[pixel] ? label : 0)) };
    const own = reach(boxes[index]!, photo, views.length === 1);
    const inView = moved(own, -view.box.x, -view.box.y);
    return { box: own, ids: cut(ids, inView), confidence: cut(claim, inView) };
  });
  return mergeLabelMaps(pieces, photo);
}

/** For each of the people who were found, the labels of what is theirs, without background. */
export function partsOfPeople({ ids, views, size, found }: Analysis): Part[][] {
  const { people, owners } = found!;
  if (views.length === 1) return [findParts(ids, views).filter(({ label }) => label)]; // all of it is that person's
  return views.map((view, index) => {
    const within = reach(people[index]!.box, size, false);
    const [own, owner] = [cut(ids, within), cut(owners, within)];
    own.data.forEach((_, pixel) => {
      if (owner.data[pixel] !== index + 1) own.data[pixel] = 0;
    });
    return findParts(own, [view])
      .filter(({ label }) => label)
      .map((part) => ({ ...part, box: moved(part.box, within.x, within.y) }));
  });
}

function draw({ box, grid }: View): LabelledBox {
  return { box, ids: labelMap(grid, box), confidence: confidenceMap(grid, box) };
}

/** A box was asked about that has nothing of the photo in it. */
export class BoxOutsideError extends Error {}

function viewOf([left, top, across, down]: BoxTuple, index: number, photo: Size): Rectangle {
  const [x, y] = [Math.floor(left), Math.floor(top)];
  const box = { x, y, width: Math.ceil(left + across) - x, height: Math.ceil(top + down) - y };
  const inside = within(grown(box, 0, 0), photo.width, photo.height);
  if (!inside.width || !inside.height) {
    throw new BoxOutsideError(
      `Box ${index + 1} (${[left, top, across, down].join(", ")}) lies outside the photo, which is ` +
        `${photo.width}×${photo.height} pixels. A box is x, y, width, height in pixels of the upright photo.`,
    );
  }
  return withMargin(box, photo);
}

/** The labels in a label map, by ascending id, with the mean confidence where these views saw them. */
export function findParts(ids: Plane, views: readonly View[]): Part[] {
  const counts = new Map<number, number>();
  for (const id of ids.data) counts.set(id, (counts.get(id) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => a - b)
    .map(([label, pixels]) => ({
      label,
      pixels,
      box: boxAround(ids, (id) => id === label)!,
      confidence: meanConfidence(label, views),
    }));
}

/** Mean over the cells that have the label, each weighing as much as the photo's pixels that it covers. */
function meanConfidence(label: number, views: readonly View[]): number {
  let [total, pixels] = [0, 0];
  for (const { grid } of views) {
    const perCell = 1 / (grid.stepX * grid.stepY);
    grid.labels.data.forEach((other, cell) => {
      if (other !== label) return;
      total += (grid.confidence.data[cell]! / 255) * perCell;
      pixels += perCell;
    });
  }
  return pixels ? total / pixels : 0;
}
