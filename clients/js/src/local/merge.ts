import type { Rectangle } from "./box.js";
import type { Size } from "./fit.js";
import { type Plane, emptyPlane } from "./plane.js";

/** A box of the photo, and for each of its pixels the label id and how sure that is. */
export interface LabelledBox {
  box: Rectangle;
  ids: Plane;
  confidence: Plane;
}

/** The label of each photo pixel, and the number of the box that it is from, counted from 1; 0 for none. */
export interface Merged {
  ids: Plane;
  owners: Plane;
}

/** One label map of several boxes': a part wins over background, and of two parts the surer one. */
export function mergeLabelMaps(pieces: Iterable<LabelledBox>, photo: Size): Merged {
  const owners = emptyPlane(photo.width, photo.height);
  let number = 0;
  const merged = emptyPlane(photo.width, photo.height);
  const surest = emptyPlane(photo.width, photo.height).data;
  for (const { box, ids, confidence } of pieces) {
    number++;
    for (let y = 0, from = 0; y < box.height; y++) {
      let to = (box.y + y) * photo.width + box.x;
      for (let x = 0; x < box.width; x++, from++, to++) {
        const [id, sure] = [ids.data[from]!, confidence.data[from]!];
        if (!id || (merged.data[to] && sure <= surest[to]!)) continue;
        merged.data[to] = id;
        surest[to] = sure;
        owners.data[to] = number;
      }
    }
  }
  return { ids: merged, owners };
}
