/** A rectangle of whole pixels, or of whole cells of a grid: top-left corner and size. */
export interface Rectangle {
  x: number;
  y: number;
  width: number;
  height: number;
}

export const grown = ({ x, y, width, height }: Rectangle, across: number, down: number): Rectangle => ({
  x: x - across,
  y: y - down,
  width: width + 2 * across,
  height: height + 2 * down,
});

/** What of a rectangle lies in a plane of `width`×`height`; nothing has a width or height of 0. */
export function within(box: Rectangle, width: number, height: number): Rectangle {
  const x = Math.min(Math.max(0, box.x), width);
  const y = Math.min(Math.max(0, box.y), height);
  const right = Math.min(box.x + box.width, width);
  const bottom = Math.min(box.y + box.height, height);
  return { x, y, width: Math.max(0, right - x), height: Math.max(0, bottom - y) };
}

/** A rectangle, grown on both sides until its width is `proportions` times its height, rounded down. */
export function widened(box: Rectangle, proportions: number): Rectangle {
  const across = Math.max(0, Math.floor(box.height * proportions) - box.width);
  const down = Math.max(0, Math.floor(box.width / proportions) - box.height);
  return grown(box, Math.floor(across / 2), Math.floor(down / 2));
}

export const moved = (box: Rectangle, across: number, down: number): Rectangle => ({
  ...box,
  x: box.x + across,
  y: box.y + down,
});

/** How the service's answers write it. */
export const asTuple = ({ x, y, width, height }: Rectangle): [number, number, number, number] => [x, y, width, height];

/** The nearest whole number; halves go to the even one, as IEEE 754 and Python round. */
export function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 ? rounded - 1 : rounded;
}
