/** The person detector: docs/model-file.md, "Detectors". */
import { type Rectangle, roundHalfEven } from "./box.js";
import { type DetectorCard, readDetectorCard } from "./card.js";
import { type Fit, type Size, fitPhoto, planFit } from "./fit.js";
import { pngPixels } from "./pixels.js";
import type { Pixels } from "./plane.js";
import type { Setup } from "./protocol.js";
import { openSession } from "./runtime.js";

/** Side of the first, smaller input; how many times that side the card's must be for two runs. */
const FIRST_SIDE = 128;
const WORTHWHILE = 1.5;
/** Share of the photo that the only person of the first run must cover to be the answer, and the score that is needed. */
const FILLED = 0.35;
const SURE = 0.96;

/** Left, top, right, bottom; sides are edges of pixels. */
export type Corners = readonly [left: number, top: number, right: number, bottom: number];

/** A box that may be a person's, in pixels of the input. */
export interface Candidate {
  corners: Corners;
  score: number;
}

/** A person who was found: the box in pixels of the photo, and how sure that is, 0–1. */
export interface Detection {
  box: Rectangle;
  score: number;
}

export interface Detector {
  card: DetectorCard;
  /** Everybody in a photo, the largest box first. */
  find(photo: Pixels): Promise<Detection[]>;
}

/** Opens a detector's file on WebAssembly: its inputs have many sizes, for each of which WebGPU would compile anew. */
export async function openDetector(file: Uint8Array, setup: Setup): Promise<Detector> {
  const card = readDetectorCard(file);
  const { session, picture } = await openSession("wasm", file, setup);
  const run = async (image: Uint8Array, { width, height }: Size): Promise<Candidate[]> => {
    const { boxes, scores } = await session.run(picture(image, height, width));
    const sides = boxes!.data as Float32Array;
    return [...(scores!.data as Float32Array)].map((score, index) => ({
      corners: [...sides.subarray(4 * index, 4 * index + 4)] as unknown as Corners,
      score,
    }));
  };
  await checkGolden(card, run);
  const findAt = async (photo: Pixels, side: number): Promise<Detection[]> => {
    const whole = { x: 0, y: 0, width: photo.width, height: photo.height };
    const fit = planFit(photo, inputSize(photo, { ...card, side }), "letterbox");
    const candidates = await run(fitPhoto(photo, whole, fit, card.pad_color), fit.input);
    return suppress(candidates, card.score, card.most_overlap)
      .map(({ corners, score }) => ({ box: wholePixels(corners, fit), score }))
      .sort((a, b) => area(b) - area(a));
  };
  return {
    card,
    async find(photo) {
      const first = card.side >= WORTHWHILE * FIRST_SIDE ? await findAt(photo, FIRST_SIDE) : [];
      const [only] = first;
      const isAnswer = first.length === 1 && only!.score >= SURE && area(only!) >= FILLED * photo.width * photo.height;
      return isAnswer ? first : findAt(photo, card.side);
    },
  };
}

const area = ({ box }: Detection) => box.width * box.height;

/** The photo's own aspect, and about the same number of pixels for each photo. */
export function inputSize({ width, height }: Size, { side, multiple }: Pick<DetectorCard, "side" | "multiple">): Size {
  const scale = side / Math.sqrt(height * width);
  const rounded = (length: number) => Math.max(2, roundHalfEven((length * scale) / multiple)) * multiple;
  return { width: rounded(width), height: rounded(height) };
}

/** The candidates of a score that suffices, best first, without those that overlap a better one by too much. */
export function suppress(candidates: readonly Candidate[], leastScore: number, mostOverlap: number): Candidate[] {
  const kept: Candidate[] = [];
  for (const candidate of candidates.filter(({ score }) => score >= leastScore).sort((a, b) => b.score - a.score)) {
    if (kept.every(({ corners }) => overlap(corners, candidate.corners) <= mostOverlap)) kept.push(candidate);
  }
  return kept;
}

/** Intersection over union. */
function overlap(one: Corners, other: Corners): number {
  const side = (low: 0 | 1) => Math.max(0, Math.min(one[low + 2]!, other[low + 2]!) - Math.max(one[low]!, other[low]!));
  const size = ([left, top, right, bottom]: Corners) => (right - left) * (bottom - top);
  const shared = side(0) * side(1);
  return shared / Math.max(size(one) + size(other) - shared, 1e-9);
}

/** The box of whole photo pixels nearest to a box of the input, of one pixel at least. */
function wholePixels(corners: Corners, fit: Fit): Rectangle {
  const { photo } = fit;
  const across = (x: number) => roundHalfEven(Math.min(Math.max((x - fit.left) / fit.scaleX, 0), photo.width));
  const down = (y: number) => roundHalfEven(Math.min(Math.max((y - fit.top) / fit.scaleY, 0), photo.height));
  const [x, y] = [Math.min(across(corners[0]), photo.width - 1), Math.min(down(corners[1]), photo.height - 1)];
  return { x, y, width: Math.max(1, across(corners[2]) - x), height: Math.max(1, down(corners[3]) - y) };
}

/** Throws unless the golden people come back. */
async function checkGolden(
  { golden }: DetectorCard,
  run: (image: Uint8Array, size: Size) => Promise<Candidate[]>,
): Promise<void> {
  const { data, ...size } = await pngPixels(golden.image, 3);
  const found = (await run(data, size)).filter(({ score }) => score > 0);
  golden.boxes.forEach((box, index) => {
    const alike = found.map(({ corners }) => overlap(box, corners));
    const best = Math.max(0, ...alike);
    const score = found[alike.indexOf(best)]?.score ?? 0;
    if (best < golden.min_overlap || Math.abs(score - golden.scores[index]!) > golden.max_score_difference) {
      throw new Error("The detector does not find here the people that it found when it was made.");
    }
  });
}
