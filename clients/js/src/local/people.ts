/** People whom the detector found: who is answered, and what the model is shown of each. */
import { type Rectangle, grown, roundHalfEven, within } from "./box.js";
import type { Detection } from "./detector.js";
import type { Size } from "./fit.js";
import { type View, isSmall } from "./view.js";

/** Of the box's size, on each side of a person's crop. */
export const CROP_MARGIN = 0.1;
/** How far beyond the box labels count for its person, as a share of its size on each side. */
const REACH = 0.03;
/** The same where nobody else was found. */
const REACH_ALONE = 0.045;
/** A bystander's box has a smaller share than this of the photo, and of the largest person's box. */
const BYSTANDER_OF_PHOTO = 0.05;
const BYSTANDER_OF_LARGEST = 0.15;
/** So is, once the model has run, whose box and whose score are smaller shares than these of the largest person's. */
const UNCLEAR_OF_LARGEST = 0.3;
const UNCLEAR = 0.65;

const area = ({ box }: Detection) => box.width * box.height;

/** At most so many people, the surest, in their order: but for bystanders, who are small in the background. */
export function choosePeople(detections: readonly Detection[], most: number, photo: Size): Detection[] {
  const largest = Math.max(0, ...detections.map(area));
  const least = Math.min(BYSTANDER_OF_PHOTO * photo.width * photo.height, BYSTANDER_OF_LARGEST * largest);
  const meant = detections.filter((person) => area(person) >= least);
  const surest = [...meant].sort((a, b) => b.score - a.score).slice(0, most);
  return meant.filter((person) => surest.includes(person));
}

/** The only person whom a crop would not enlarge enough to pay, so that the whole photo serves for it. */
export function personWhoFills(detections: readonly Detection[], photo: Size, input: Size): Detection | undefined {
  const filling = detections.filter(({ box }) => !isSmall(box, photo, input, CROP_MARGIN));
  return filling.length === 1 ? filling[0] : undefined;
}

/** How sure it is that a person is there, 0–1: two thirds of the detector's score, a third of the labels' mean confidence. */
export function personScore(detected: number, { meanConfidence }: Pick<View, "meanConfidence">): number {
  return (2 * detected + meanConfidence) / 3;
}

/** Which of the people, the largest first, are neither much smaller than the first nor much less sure: their places. */
export function clearPeople(people: readonly Detection[]): number[] {
  const isClear = (person: Detection, largest: Detection) =>
    area(person) >= UNCLEAR_OF_LARGEST * area(largest) || person.score >= UNCLEAR * largest.score;
  return [...people.keys()].filter((place) => isClear(people[place]!, people[0]!));
}

/** Where in a photo labels count for a person. */
export function reach(person: Rectangle, photo: Size, isAlone: boolean): Rectangle {
  const share = isAlone ? REACH_ALONE : REACH;
  const box = grown(person, roundHalfEven(share * person.width), roundHalfEven(share * person.height));
  return within(box, photo.width, photo.height);
}
