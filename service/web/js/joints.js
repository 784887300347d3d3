/** The list of joints and their scores. Pointing at one makes it stand out in the photo. */

import { element } from "./dom.js";
import { isFaint } from "./skeleton.js";
import { words } from "./words.js";

/** @typedef {import("./types.js").Person} Person */

/**
 * @param {HTMLElement} place
 * @param {Person[]} people
 * @param {number | null} focus the number of the person whose joints are wanted, where there are several people
 */
export function listJoints(place, people, focus) {
  const number = people.length === 1 ? 1 : focus;
  const person = number === null ? undefined : people[number - 1];
  if (number !== null && person) place.replaceChildren(listOf(person, number - 1, people.length > 1));
  else if (people.length) place.replaceChildren(element("p", "soft", "Choose a person, in the photo or in the list."));
  else place.replaceChildren(element("p", "soft", "Nobody was found in this photo."));
}

/**
 * @param {Person} person
 * @param {number} index
 * @param {boolean} hasOthers
 */
function listOf({ keypoints }, index, hasOthers) {
  const rows = keypoints.map(({ name, score }, joint) => {
    const value = element("span", "value", score.toFixed(2));
    const row = element("li", "", element("span", "", words(name)), value);
    row.dataset.joint = `${index} ${joint}`;
    row.style.setProperty("--score", String(score));
    row.classList.toggle("faint", isFaint(score));
    return row;
  });
  const list = element("ul", "", ...rows);
  return hasOthers ? element("section", "", element("h3", "", `Person ${index + 1}`), list) : list;
}

/**
 * @param {HTMLElement} list
 * @param {SVGElement} svg
 */
export function linkJoints(list, svg) {
  /** @param {string | undefined} chosen */
  const choose = (chosen) => {
    for (const joint of svg.querySelectorAll(".joint")) {
      joint.classList.toggle("chosen", joint.getAttribute("data-joint") === chosen);
    }
  };
  list.addEventListener("pointerover", ({ target }) => {
    choose(target instanceof Element ? target.closest("li")?.dataset.joint : undefined);
  });
  list.addEventListener("pointerleave", () => choose(undefined));
}
