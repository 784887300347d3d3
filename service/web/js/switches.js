/** What is shown of an answer: mask, skeleton, names; how strongly, and over how much of the photo. */

import { byId } from "./dom.js";

/** Each switch, the class that the stage gets by it, and whether it gets that when switched on or off. */
const SWITCHES = /** @type {const} */ ([
  ["show-mask", "without-mask", false],
  ["show-skeleton", "without-skeleton", false],
  ["show-names", "with-names", true],
  ["show-compare", "comparing", true],
]);

/** @param {HTMLElement} stage */
export function installSwitches(stage) {
  for (const [id, name, on] of SWITCHES) {
    const box = byId(id, HTMLInputElement);
    react(box, "change", () => stage.classList.toggle(name, box.checked === on));
  }

  const opacity = byId("opacity", HTMLInputElement);
  react(opacity, "input", () => {
    stage.style.setProperty("--opacity", `${opacity.value}%`);
    opacity.style.setProperty("--value", `${opacity.value}%`);
  });

  const compare = byId("show-compare", HTMLInputElement);
  const split = byId("split", HTMLInputElement);
  const divide = () => {
    split.hidden = !compare.checked;
    stage.style.setProperty("--split", compare.checked ? `${split.value}%` : "0%");
  };
  react(compare, "change", divide);
  react(split, "input", divide);
}

/**
 * Does something at each event, and once now: browsers keep what was set when a page is loaded anew.
 *
 * @param {HTMLInputElement} input
 * @param {string} event
 * @param {() => void} apply
 */
function react(input, event, apply) {
  input.addEventListener(event, apply);
  apply();
}
