/** How much each cell of a person's view belongs to that person, and not to a neighbour who is in it, too. */
import type { Rectangle } from "./box.js";
import { type View, connectedPieces } from "./view.js";

/** Share of the box's sides, around its middle, that is the person's own, whoever else is near. */
const CORE = 0.5;

/** For each cell of the view's grid, 0–1: 1 in the middle of the person's box, and half of that at its rim. */
export function ownership({ box, grid }: View, person: Rectangle, others: readonly Rectangle[]): Float32Array {
  const { width, height } = grid.labels;
  const centres = (count: number, start: number, step: number, from: number) =>
    Array.from({ length: count }, (_, cell) => (cell - start) / step + from);
  const [xs, ys] = [centres(width, grid.startX, grid.stepX, box.x), centres(height, grid.startY, grid.stepY, box.y)];
  // 0 in the middle of the box, 1 at its rim
  const apartOf = (at: number, first: number, size: number) => Math.abs(at - (first + (size - 1) / 2)) / (size / 2);
  const apart = new Float32Array(width * height);
  const isOthers = new Uint8Array(width * height);
  for (let y = 0, cell = 0; y < height; y++) {
    for (let x = 0; x < width; x++, cell++) {
      const across = apartOf(xs[x]!, person.x, person.width);
      apart[cell] = Math.max(across, apartOf(ys[y]!, person.y, person.height));
      const isInside = (other: Rectangle) =>
        xs[x]! >= other.x && xs[x]! < other.x + other.width && ys[y]! >= other.y && ys[y]! < other.y + other.height;
      isOthers[cell] = Number(others.some(isInside));
    }
  }
  const owned = apart.map((distance) => 1 / (1 + distance ** 2));
  for (const { cells } of connectedPieces(grid.labels)) {
    const inOthers = cells.filter((cell) => isOthers[cell]).length;
    if (inOthers <= 0.5 * cells.length || cells.some((cell) => apart[cell]! <= CORE)) continue;
    for (const cell of cells) owned[cell] = 0;
  }
  return owned;
}
