/** A crop with the model's prediction for it, in the photo's own pixels: docs/model-file.md, "People". */
import { type Rectangle, grown, moved, roundHalfEven, widened, within } from "./box.js";
import { type Fit, type Size, toPhoto } from "./fit.js";
import { type Grid, cellsToPhoto, cutPadding } from "./mask.js";
import { type Plane, emptyPlane } from "./plane.js";

/** Share of the view that must be labelled for the mask to say that somebody is there. */
const MIN_PERSON = 0.001;
/** Least score of a joint that counts as seen. */
const VISIBLE = 0.1;
/** Share of the person that a separate piece of the mask must have to count for the person's box. */
const MIN_COMPONENT = 0.02;
/** How much of a box's size its view reaches beyond it on each side. */
const MARGIN = 0.15;
/** How many times as large a person must get for a second run to pay. */
const MIN_ENLARGEMENT = 1.25;

/** The model's answer for one fitted photo. */
export interface Prediction {
  labels: Plane;
  confidence: Plane;
  /** x, y in input pixels and a score, joint by joint; empty for a model without joints. */
  keypoints: Float32Array;
}

export type Joint = [x: number, y: number, score: number];

/** A person in pixels of the photo; the score is the joints' mean, of a model without joints the labels' mean confidence. */
export interface FoundPerson {
  box: Rectangle;
  score: number;
}

export interface View {
  box: Rectangle;
  fit: Fit;
  grid: Grid;
  /** In pixels of the photo, whether somebody is there or not. */
  joints: Joint[];
  /** Of the cells that are not background, 0–1; 0 without any. */
  meanConfidence: number;
  person: FoundPerson | undefined;
}

export function makeView(box: Rectangle, fit: Fit, prediction: Prediction): View {
  const grid = cutPadding(prediction.labels, prediction.confidence, fit);
  const joints = placeJoints(box, fit, prediction.keypoints);
  const meanConfidence = mean([...grid.confidence.data].filter((_, cell) => grid.labels.data[cell])) / 255;
  const found = findPersonBox(box, grid, joints);
  const person = found && { box: found, score: joints.length ? mean(joints.map(([, , score]) => score)) : meanConfidence };
  return { box, fit, grid, joints, meanConfidence, person };
}

/** The joints in pixels of the photo, clamped to the view. */
function placeJoints(box: Rectangle, fit: Fit, keypoints: Float32Array): Joint[] {
  const clamp = (value: number, size: number) => Math.min(Math.max(value, 0), size - 1);
  const joints: Joint[] = [];
  for (let at = 0; at < keypoints.length; at += 3) {
    const [x, y] = toPhoto(keypoints[at]!, keypoints[at + 1]!, fit);
    joints.push([clamp(x, box.width) + box.x, clamp(y, box.height) + box.y, keypoints[at + 2]!]);
  }
  return joints;
}

function mean(values: readonly number[]): number {
  return values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : 0;
}

function findPersonBox(view: Rectangle, grid: Grid, joints: Joint[]): Rectangle | undefined {
  const ofMask = maskBox(grid, view);
  return ofMask ? moved(ofMask, view.x, view.y) : jointsBox(joints);
}

/** The box around the pieces of the mask that are no mere specks; undefined if there is nothing. */
function maskBox(grid: Grid, view: Size): Rectangle | undefined {
  const pieces = connectedPieces(grid.labels);
  const total = pieces.reduce((sum, piece) => sum + piece.cells.length, 0);
  if (!total || total < MIN_PERSON * grid.labels.data.length) return undefined;
  const large = pieces.filter((piece) => piece.cells.length >= MIN_COMPONENT * total);
  const x = Math.min(...large.map((piece) => piece.left));
  const y = Math.min(...large.map((piece) => piece.top));
  const right = Math.max(...large.map((piece) => piece.right));
  const bottom = Math.max(...large.map((piece) => piece.bottom));
  return cellsToPhoto(grid, { x, y, width: right - x, height: bottom - y }, view);
}

export interface Piece {
  cells: number[];
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** The pieces of cells with any label that touch at sides or corners. */
export function connectedPieces({ width, height, data }: Plane): Piece[] {
  const seen = emptyPlane(width, height).data;
  const pieces: Piece[] = [];
  data.forEach((label, start) => {
    if (!label || seen[start]) return;
    const piece: Piece = { cells: [], left: width, top: height, right: 0, bottom: 0 };
    const open = [start];
    seen[start] = 1;
    for (let index = open.pop(); index !== undefined; index = open.pop()) {
      const [x, y] = [index % width, Math.floor(index / width)];
      piece.cells.push(index);
      piece.left = Math.min(piece.left, x);
      piece.top = Math.min(piece.top, y);
      piece.right = Math.max(piece.right, x + 1);
      piece.bottom = Math.max(piece.bottom, y + 1);
      for (let nextY = Math.max(0, y - 1); nextY <= Math.min(height - 1, y + 1); nextY++) {
        for (let nextX = Math.max(0, x - 1); nextX <= Math.min(width - 1, x + 1); nextX++) {
          const next = nextY * width + nextX;
          if (!data[next] || seen[next]) continue;
          seen[next] = 1;
          open.push(next);
        }
      }
    }
    pieces.push(piece);
  });
  return pieces;
}

function jointsBox(joints: readonly Joint[]): Rectangle | undefined {
  const visible = joints.filter((joint) => joint[2] >= VISIBLE);
  if (!visible.length) return undefined;
  const [xs, ys] = [visible.map((joint) => joint[0]), visible.map((joint) => joint[1])];
  const [x, y] = [Math.floor(Math.min(...xs)), Math.floor(Math.min(...ys))];
  return { x, y, width: Math.floor(Math.max(...xs)) + 1 - x, height: Math.floor(Math.max(...ys)) + 1 - y };
}

/** A box with a margin around it, a share of its size on each side, within the photo. */
export function withMargin(box: Rectangle, photo: Size, margin = MARGIN): Rectangle {
  const [across, down] = [roundHalfEven(margin * box.width), roundHalfEven(margin * box.height)];
  return within(grown(box, across, down), photo.width, photo.height);
}

/** The crop of the second pass, in the whole photo's pixels; undefined if a second run would not pay. */
export function secondPassBox({ box: photo, fit: { input }, person }: View): Rectangle | undefined {
  if (!person || !isSmall(person.box, photo, input)) return undefined;
  return within(widened(withMargin(person.box, photo), input.width / input.height), photo.width, photo.height);
}

/** Whether a crop would enlarge a person enough for a run of its own to pay. */
export function isSmall(person: Rectangle, photo: Size, input: Size, margin = MARGIN): boolean {
  const scale = (box: Size) => Math.min(input.width / box.width, input.height / box.height);
  return scale(withMargin(person, photo, margin)) >= MIN_ENLARGEMENT * scale(photo);
}
