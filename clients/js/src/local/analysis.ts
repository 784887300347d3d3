/** A photo's answer from runs of a model: views, second pass, one label map. */
import { type Rectangle, grown, within } from "./box.js";
import type { Card } from "./card.js";
import { type Fit, type Size, fitPhoto, planFit } from "./fit.js";
import { confidenceMap, labelMap } from "./mask.js";
import { type LabelledBox, mergeLabelMaps } from "./merge.js";
import { type Pixels, type Plane, boxAround } from "./plane.js";
import { type Prediction, type View, makeView, secondPassBox, withMargin } from "./view.js";

/** A model that runs: takes the fitted input (height × width × 3). */
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
  viewIds: Plane[] | undefined;
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
  const look = async (box: Rectangle): Promise<View> => {
    const fit: Fit = planFit(box, model.input, model.card.fit);
    return makeView(box, fit, await model.run(fitPhoto(photo, box, fit, model.card.pad_color)));
  };
  const { width, height } = photo;
  const result = { card: model.card, size: { width, height } };
  if (boxes.length) {
    const views: View[] = [];
    for (const box of boxes.map((box, index) => viewOf(box, index, photo))) views.push(await look(box));
    const drawn = views.map(draw);
    return { ...result, views, ids: mergeLabelMaps(drawn, photo), viewIds: drawn.map(({ ids }) => ids) };
  }
  const whole = await look({ x: 0, y: 0, width, height });
  // A model that is shown photos squashed learnt from whole ones.
  const closer = model.card.fit === "letterbox" ? secondPassBox(whole) : undefined;
  if (!closer) return { ...result, views: [whole], ids: labelMap(whole.grid, photo), viewIds: undefined };
  const view = await look(closer);
  return { ...result, views: [view], ids: mergeLabelMaps([draw(view)], photo), viewIds: undefined };
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
