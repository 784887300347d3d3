/** Draws people's bones and joints over the photo. The fainter a joint, the less sure the model is of it. */

import { placeNames } from "./names.js";
import { css, words } from "./words.js";

/** @typedef {import("./types.js").Answer} Answer */
/** @typedef {import("./types.js").Joint} Joint */

const SVG = "http://www.w3.org/2000/svg";
/** Score from which a joint is drawn in full. */
const SURE = 0.5;
/** Opacity of a joint that scores 0. */
const FAINTEST = 0.08;
const CENTER = "translate(0.5 0.5)";

/**
 * @param {SVGElement} svg covers the photo
 * @param {Answer} answer
 * @param {number} pixel photo pixels per pixel of the page
 * @param {number | null} focus the number of the person who stands out, if any
 */
export function drawSkeleton(svg, { image, people, skeleton }, pixel, focus) {
  svg.classList.toggle("group", people.length > 1);
  svg.setAttribute("viewBox", `0 0 ${image.width} ${image.height}`);
  const drawn = people.map(({ keypoints, box }, index) => {
    const group = shape("g", { class: "person" });
    group.classList.toggle("dimmed", focus !== null && focus !== index + 1);
    if (people.length > 1) group.style.setProperty("--person", personColor(index + 1, people.length));
    group.append(
      ...skeleton.flatMap(([from, to], bones) => bone(keypoints[from], keypoints[to], bones / skeleton.length)),
      ...joints(keypoints, index, image.width, pixel),
    );
    if (people.length > 1) group.append(numberOf(index + 1, box, pixel));
    return group;
  });
  svg.replaceChildren(...drawn);
}

/**
 * A person's colour, for style sheets: evenly around the colour wheel from red, as in the service's pictures.
 *
 * @param {number} number of the person, from 1
 * @param {number} count of all people
 */
export function personColor(number, count) {
  return css(personRgb(number, count));
}

/**
 * A person's colour.
 *
 * @param {number} number of the person, from 1
 * @param {number} count of all people
 * @returns {import("./types.js").Color}
 */
export function personRgb(number, count) {
  const hue = ((number - 1) / count) * 6;
  // The hue's strongest of red, green and blue is 255, the weakest 35.
  const strength = (/** @type {number} */ turn) => {
    const distance = Math.abs(((hue + turn) % 6) - 3);
    return Math.round(35 + 220 * Math.min(1, Math.max(0, distance - 1)));
  };
  return [strength(0), strength(4), strength(2)];
}

/**
 * The number of a person, on a disc at the top of the box.
 *
 * @param {number} number
 * @param {[number, number, number, number]} box
 * @param {number} pixel
 */
function numberOf(number, [x, y, width], pixel) {
  const place = { x: x + width / 2, y: Math.max(y - 2 * pixel, 12 * pixel) };
  const group = shape("g", { class: "number" });
  const written = shape("text", { ...place, "text-anchor": "middle" });
  written.textContent = String(number);
  group.append(shape("circle", { cx: place.x, cy: place.y }), written);
  return group;
}

/**
 * @param {Joint[]} keypoints
 * @param {number} person
 * @param {number} width of the photo
 * @param {number} pixel
 */
function joints(keypoints, person, width, pixel) {
  const names = keypoints.map((joint) => ({
    joint,
    text: words(joint.name),
    isSeen: !isFaint(joint.score),
  }));
  const places = placeNames(names, width, pixel);
  return names.map(({ joint, text }, index) => {
    const drawn = drawJoint(joint, text, places[index]);
    drawn.dataset.joint = `${person} ${index}`;
    drawn.classList.toggle("faint", isFaint(joint.score));
    return drawn;
  });
}

/**
 * @param {Joint | undefined} from
 * @param {Joint | undefined} to
 * @param {number} turn of the colour wheel: every bone has a colour of its own, as in the service's pictures
 */
function bone(from, to, turn) {
  if (!from || !to) return [];
  const ends = { x1: from.x, y1: from.y, x2: to.x, y2: to.y, transform: CENTER };
  const opacity = strength(Math.min(from.score, to.score));
  const line = shape("line", { ...ends, class: "bone", opacity });
  line.style.stroke = `hsl(${turn * 360} 95% 62%)`;
  return [shape("line", { ...ends, class: "outline", opacity }), line];
}

/**
 * @param {Joint} joint
 * @param {string} text
 * @param {import("./names.js").Place | undefined} place the text's
 */
function drawJoint({ x, y, score }, text, place = { x, y, anchor: "start" }) {
  // The centre of the top-left pixel is (0, 0) in an answer and (0.5, 0.5) in a drawing.
  const group = shape("g", { class: "joint", opacity: strength(score), transform: CENTER });
  const written = shape("text", { x: place.x, y: place.y, "text-anchor": place.anchor });
  const exact = shape("tspan", {}); // shown for the joint that is pointed at
  exact.textContent = ` ${score.toFixed(2)}`;
  written.append(text, exact);
  group.append(shape("line", { x1: x, y1: y, x2: place.x, y2: place.y }), shape("circle", { cx: x, cy: y }), written);
  return group;
}

/**
 * How opaque a joint of a score is drawn, 0–1.
 *
 * @param {number} score
 */
function strength(score) {
  const share = Math.min(1, score / SURE);
  return Number((FAINTEST + (1 - FAINTEST) * share * share).toFixed(3));
}

/**
 * Whether a joint of a score is drawn so faintly that it is as good as not there.
 *
 * @param {number} score
 */
export function isFaint(score) {
  return strength(score) < 0.5;
}

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 */
function shape(tag, attributes) {
  const made = /** @type {SVGElement} */ (document.createElementNS(SVG, tag));
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}
