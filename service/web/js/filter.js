/** What remains of an answer when parts are switched off: that is what is downloaded, and what the shown call asks for. */

import { base64, encodePng } from "../client/jppnet.js";
import { BACKGROUND } from "./legend.js";

/** @typedef {import("./png.js").Plane} Plane */
/** @typedef {import("./types.js").Answer} Answer */
/** @typedef {import("./types.js").Label} Label */
/** @typedef {(id: number) => boolean} IsVisible */

/**
 * The labels that a call has to name; undefined where it need not name any, because all are wanted. Background alone is
 * nothing that anybody asks for.
 *
 * @param {Label[]} labels of the model
 * @param {IsVisible} isVisible
 * @returns {string[] | undefined}
 */
export function wantedLabels(labels, isVisible) {
  const parts = labels.filter(({ id }) => id !== BACKGROUND);
  if (parts.every(({ id }) => isVisible(id))) return undefined;
  const wanted = parts.filter(({ id }) => isVisible(id));
  return wanted.length ? labels.filter(({ id }) => isVisible(id)).map(({ name }) => name) : [];
}

/**
 * An answer with the visible labels alone, as the service gives it for `labels=`; without any, as POST /pose.
 *
 * @param {Answer} answer
 * @param {{map: Plane | null, owners: Plane | null}} planes its mask and instances
 * @param {Label[]} labels of the model
 * @param {IsVisible} isVisible
 * @returns {Promise<Answer>}
 */
export async function filteredAnswer(answer, { map, owners }, labels, isVisible) {
  const wanted = wantedLabels(labels, isVisible);
  if (!wanted) return answer;
  const keep = (/** @type {Label[] | undefined} */ parts) => parts?.filter(({ name }) => wanted.includes(name));
  const people = answer.people.map((person) => {
    const { labels: own, ...rest } = person;
    return wanted.length && own ? { ...rest, labels: keep(own) } : rest;
  });
  const { labels: parts, mask, instances, regions, ...pose } = /** @type {any} */ (answer);
  if (!wanted.length) return { ...pose, people };
  return {
    ...answer,
    labels: /** @type {any} */ (keep(parts)),
    people: /** @type {any} */ (people),
    ...(map && { mask: await base64(await maskFile(map, labels, isVisible)) }),
    ...(map && owners && { instances: await base64(await peopleFile(map, owners, isVisible)) }),
  };
}

/**
 * The mask's file: palette PNG, pixel value = label id, what is switched off being background.
 *
 * @param {Plane} map
 * @param {Label[]} labels
 * @param {IsVisible} isVisible
 * @returns {Promise<Blob>}
 */
export function maskFile({ width, height, values }, labels, isVisible) {
  const data = values.map((id) => (isVisible(id) ? id : BACKGROUND));
  return encodePng({ width, height, data }, labels.map(({ color }) => color));
}

/**
 * The file that says whose each pixel is: grey PNG, pixel value = person's number, what is switched off being nobody's.
 *
 * @param {Plane} map
 * @param {Plane} owners
 * @param {IsVisible} isVisible
 * @returns {Promise<Blob>}
 */
export function peopleFile(map, { width, height, values }, isVisible) {
  const data = values.map((owner, place) => (isVisible(map.values[place] ?? BACKGROUND) ? owner : 0));
  return encodePng({ width, height, data });
}
