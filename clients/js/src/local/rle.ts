import type { Rle } from "../types.js";
import type { Plane } from "./plane.js";

/** COCO's run-length encoding of each of the labels; `decodeRle` says how it is written. */
export function encodeLabels({ width, height, data }: Plane, labels: Iterable<number>): Map<number, Rle> {
  const runs = new Map<number, number[]>([...labels].map((label) => [label, []]));
  const ends = new Map<number, number>();
  const total = width * height;
  for (let start = 0; start < total; ) {
    const label = data[(start % height) * width + Math.floor(start / height)]!;
    let end = start + 1;
    while (end < total && data[(end % height) * width + Math.floor(end / height)] === label) end++;
    runs.get(label)?.push(start - (ends.get(label) ?? 0), end - start);
    ends.set(label, end);
    start = end;
  }
  return new Map(
    [...runs].map(([label, lengths]) => {
      const end = ends.get(label) ?? 0;
      if (end < total || !lengths.length) lengths.push(total - end);
      return [label, { size: [height, width], counts: compress(lengths) }];
    }),
  );
}

function compress(lengths: readonly number[]): string {
  let text = "";
  lengths.forEach((length, index) => {
    let rest = index > 2 ? length - lengths[index - 2]! : length;
    for (let goesOn = true; goesOn; ) {
      const bits = rest & 31;
      rest >>= 5;
      goesOn = rest !== (bits & 16 ? -1 : 0);
      text += String.fromCharCode(48 + bits + (goesOn ? 32 : 0));
    }
  });
  return text;
}
