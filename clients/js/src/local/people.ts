/** People whom the detector found: who is answered, and what the model is shown of each. */
import { type Rectangle, grown, roundHalfEven, within } from "./box.js";
import type { Detection } from "./detector.js";
import type { Size } from "./fit.js";
import { isSmall } from "./view.js";

/** Of the box's size, on each side of a person's crop. */
export const CROP_MARGIN = 0.1;
/** How far beyond the box labels count for its person, as a share of its size on each side. */
const REACH = 0.03;
/** The same where nobody else was found. */
const REACH_ALONE = 0.045;
/** A bystander's box has a smaller share than this of the photo, and of the largest person's box. */
const SMALL_OF_PHOTO = 0.05;
const SMALL_OF_LARGEST = 0.15;
/** Where the largest person's box has this share of the photo, so is whose box and score are smaller shares of theirs. */
const PORTRAIT = 0.3;
const PORTRAIT_OF_LARGEST = 0.25;
const PORTRAIT_SURE = 0.9;

const area = ({ box }: Detection) => box.width * box.height;

/** At most so many people, the surest, in their order: but for bystanders. */
export function choosePeople(detections: readonly Detection[], most: number, photo: Size): Detection[] {
  const meant = withoutBystanders(detections, photo.width * photo.height);
  const surest = [...meant].sort((a, b) => b.score - a.score).slice(0, most);
  return meant.filter((person) => surest.includes(person));
}

/** Whom a photo of so many pixels is taken of: not those who are small in the background of somebody larger. */
export function withoutBystanders(detections: readonly Detection[], photoArea: number): Detection[] {
  const largest = detections.reduce((best, person) => (area(person) > area(best) ? person : best), detections[0]!);
  const isClear = (person: Detection) =>
    area(person) >= PORTRAIT_OF_LARGEST * area(largest) || person.score >= PORTRAIT_SURE * largest.score;
  return detections.filter(
    (person) =>
      area(person) >= Math.min(SMALL_OF_PHOTO * photoArea, SMALL_OF_LARGEST * area(largest)) &&
      (area(largest) < PORTRAIT * photoArea || isClear(person)),
  );
}

/** The only person whom a crop would not enlarge enough to pay, so that the whole photo serves for it. */
export function personWhoFills(detections: readonly Detection[], photo: Size, input: Size): Detection | undefined {
  const filling = detections.filter(({ box }) => !isSmall(box, photo, input, CROP_MARGIN));
  return filling.length === 1 ? filling[0] : undefined;
}

/** Where in a photo labels count for a person. */
export function reach(person: Rectangle, photo: Size, isAlone: boolean): Rectangle {
  const share = isAlone ? REACH_ALONE : REACH;
  const box = grown(person, roundHalfEven(share * person.width), roundHalfEven(share * person.height));
  return within(box, photo.width, photo.height);
}
