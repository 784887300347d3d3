/** Finds places for joints' names: beside the person, away from each other. All lengths are in pixels of the photo. */

/** @typedef {import("./types.js").Joint} Joint */
/** @typedef {{x: number, y: number, anchor: "start" | "end"}} Place where a name starts or ends, at half its height */

/** In pixels of the page: from joint to name, from name to name, and the width of a letter. */
const GAP = 14;
const ROW = 15;
const LETTER = 7;

/**
 * A place for each joint's name: joints on the left of the person have it at their left, the others at their right.
 * Names that would lie on each other move down; those of joints that are hardly seen do not count.
 *
 * @param {{joint: Joint, text: string, isSeen: boolean}[]} names
 * @param {number} width of the photo
 * @param {number} pixel photo pixels per pixel of the page
 * @returns {Place[]}
 */
export function placeNames(names, width, pixel) {
  const middle = median(names.map(({ joint }) => joint.x));
  const places = names.map(({ joint, text }) => {
    const room = (GAP + text.length * LETTER) * pixel;
    const atLeft = joint.x < middle ? joint.x > room : joint.x + room > width && joint.x > room;
    return { x: joint.x + (atLeft ? -GAP : GAP) * pixel, y: joint.y, anchor: anchorAt(atLeft) };
  });
  for (const anchor of /** @type {const} */ (["start", "end"])) {
    const side = places.filter((place, index) => place.anchor === anchor && names[index]?.isSeen);
    side.sort((a, b) => a.y - b.y);
    side.forEach((place, index) => {
      const above = side[index - 1];
      if (above) place.y = Math.max(place.y, above.y + ROW * pixel);
    });
  }
  return places;
}

/**
 * @param {boolean} atLeft
 * @returns {Place["anchor"]}
 */
function anchorAt(atLeft) {
  return atLeft ? "end" : "start";
}

/** @param {number[]} values */
function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}
