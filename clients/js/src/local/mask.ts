/** From the model's grid of labels to the photo's pixels: docs/model-file.md, "From the grid to the photo". */
import { type Rectangle, grown, within } from "./box.js";
import type { Fit, Size } from "./fit.js";
import { type Plane, boxAround, cut, emptyPlane } from "./plane.js";

/** Most that a neighbour may get of a cell, as a share of what the cell's own label has. */
const LEFT_OPEN = 0.9;

/** The cells of the answer that show the photo, padding cut off, and how they lie over the photo. */
export interface Grid {
  labels: Plane;
  confidence: Plane;
  /** Cells per photo pixel. */
  stepX: number;
  stepY: number;
  /** Where on the grid the centre of the photo's top-left pixel lies; the first cell's centre is 0. */
  startX: number;
  startY: number;
}

/** Keeps the cells whose centres show the photo; the grid as given covers the whole input. */
export function cutPadding(labels: Plane, confidence: Plane, fit: Fit): Grid {
  const across = labels.width / fit.input.width;
  const down = labels.height / fit.input.height;
  const [left, right] = cellsWithin(fit.left * across, (fit.left + fit.width) * across, labels.width);
  const [top, bottom] = cellsWithin(fit.top * down, (fit.top + fit.height) * down, labels.height);
  const cells = { x: left, y: top, width: right - left, height: bottom - top };
  const [stepX, stepY] = [fit.scaleX * across, fit.scaleY * down];
  return {
    labels: cut(labels, cells),
    confidence: cut(confidence, cells),
    stepX,
    stepY,
    startX: fit.left * across + 0.5 * stepX - 0.5 - left,
    startY: fit.top * down + 0.5 * stepY - 0.5 - top,
  };
}

/** First and last-plus-one of the cells whose centres lie from `start` to before `end`; at least one cell. */
function cellsWithin(start: number, end: number, count: number): [number, number] {
  const first = Math.min(Math.ceil(start - 0.5), count - 1);
  return [first, Math.max(first + 1, Math.ceil(end - 0.5))];
}

/** The photo pixels whose centres lie within the outer edges of a box of cells; the rim's cells reach to the edges. */
export function cellsToPhoto(grid: Grid, box: Rectangle, photo: Size): Rectangle {
  const edge = (cell: number, start: number, step: number) => Math.ceil((cell - 0.5 - start) / step);
  const { width: columns, height: rows } = grid.labels;
  const left = box.x ? Math.max(0, edge(box.x, grid.startX, grid.stepX)) : 0;
  const top = box.y ? Math.max(0, edge(box.y, grid.startY, grid.stepY)) : 0;
  const [endX, endY] = [box.x + box.width, box.y + box.height];
  const right = endX < columns ? Math.min(photo.width, edge(endX, grid.startX, grid.stepX)) : photo.width;
  const bottom = endY < rows ? Math.min(photo.height, edge(endY, grid.startY, grid.stepY)) : photo.height;
  return { x: left, y: top, width: Math.max(0, right - left), height: Math.max(0, bottom - top) };
}

/** The label id of every photo pixel. */
export function labelMap(grid: Grid, photo: Size): Plane {
  const ids = emptyPlane(photo.width, photo.height);
  const present = [...new Set(grid.labels.data)].filter((label) => label).sort((a, b) => a - b);
  if (!present.length) return ids;
  // Everything outside the person is background without a look; inside, it competes like any label.
  const personCells = reach(grid, (label) => label > 0);
  const person = cellsToPhoto(grid, personCells, photo);
  const strongest = new Float32Array(person.width * person.height);
  enlarge(membership(grid, 0, personCells), personCells, person, grid, (x, y, value) => {
    strongest[y * person.width + x] = value;
  });
  for (const label of present) {
    const cells = reach(grid, (other) => other === label);
    const pixels = cellsToPhoto(grid, cells, photo);
    const shift = (pixels.y - person.y) * person.width + pixels.x - person.x;
    enlarge(membership(grid, label, cells), cells, pixels, grid, (x, y, value) => {
      const index = shift + y * person.width + x;
      if (value <= strongest[index]!) return;
      strongest[index] = value;
      ids.data[(pixels.y + y) * photo.width + pixels.x + x] = label;
    });
  }
  return ids;
}

/** How sure the model is of the label of every photo pixel, 255 = certain. */
export function confidenceMap(grid: Grid, photo: Size): Plane {
  const out = emptyPlane(photo.width, photo.height);
  const { width, height, data } = grid.confidence;
  const [cells, pixels] = [{ x: 0, y: 0, width, height }, { x: 0, y: 0, width: photo.width, height: photo.height }];
  enlarge(Float32Array.from(data), cells, pixels, grid, (x, y, value) => {
    out.data[y * photo.width + x] = Math.round(value);
  });
  return out;
}

/** The box of cells that a label's enlarged plane can touch: its own, and two rings around them. */
function reach({ labels }: Grid, isMember: (label: number) => boolean): Rectangle {
  return within(grown(boxAround(labels, isMember)!, 2, 2), labels.width, labels.height);
}

/** How much each cell of a box belongs to a label, 0–255. */
function membership({ labels, confidence }: Grid, label: number, box: Rectangle): Float32Array {
  const out = new Float32Array(box.width * box.height);
  const isMember = (x: number, y: number) =>
    x >= box.x && y >= box.y && x < box.x + box.width && y < box.y + box.height &&
    labels.data[y * labels.width + x] === label;
  for (let y = box.y, index = 0; y < box.y + box.height; y++) {
    for (let x = box.x; x < box.x + box.width; x++, index++) {
      const sure = confidence.data[y * labels.width + x]!;
      if (isMember(x, y)) out[index] = sure;
      else if ([-1, 0, 1].some((down) => [-1, 0, 1].some((across) => isMember(x + across, y + down)))) {
        out[index] = Math.min(255 - sure, Math.round(LEFT_OPEN * sure));
      }
    }
  }
  return out;
}

/** Samples a plane over a box of cells linearly at each photo pixel of a box; beyond its rim it goes on as there. */
function enlarge(
  plane: Float32Array,
  cells: Rectangle,
  pixels: Rectangle,
  grid: Grid,
  use: (x: number, y: number, value: number) => void,
): void {
  const between = (at: number, count: number): [number, number, number] => {
    const low = Math.floor(at);
    const clamp = (cell: number) => Math.min(Math.max(cell, 0), count - 1);
    return [clamp(low), clamp(low + 1), at - low];
  };
  const columns = Array.from({ length: pixels.width }, (_, x) =>
    between(grid.startX + (pixels.x + x) * grid.stepX - cells.x, cells.width),
  );
  const row = new Float32Array(cells.width);
  for (let y = 0; y < pixels.height; y++) {
    const [above, below, down] = between(grid.startY + (pixels.y + y) * grid.stepY - cells.y, cells.height);
    for (let x = 0; x < cells.width; x++) {
      row[x] = (1 - down) * plane[above * cells.width + x]! + down * plane[below * cells.width + x]!;
    }
    for (let x = 0; x < pixels.width; x++) {
      const [left, right, across] = columns[x]!;
      use(x, y, (1 - across) * row[left]! + across * row[right]!);
    }
  }
}
