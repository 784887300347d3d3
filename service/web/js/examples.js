/** Photos to begin with. */

import { exampleUrl } from "./api.js";
import { element } from "./dom.js";

/** Each file's name, and what it shows. `python -m docs.page_examples` makes the files. */
const EXAMPLES = new Map([
  ["full-body", "Full body"],
  ["coat", "Coat"],
  ["dress", "Dress"],
  ["seated", "Seated"],
  ["group", "Group"],
  ["portrait", "Portrait"],
]);

/** @param {string | null} name */
export function isExample(name) {
  return name !== null && EXAMPLES.has(name);
}

/**
 * @param {HTMLElement} place
 * @param {(name: string) => void} onChoose
 */
export function listExamples(place, onChoose) {
  for (const [name, title] of EXAMPLES) {
    const picture = element("img");
    Object.assign(picture, { src: exampleUrl(name).href, alt: "", loading: "lazy", width: 64, height: 64 });
    const button = element("button", "example", picture, element("span", "", title));
    button.type = "button";
    button.addEventListener("click", () => onChoose(name));
    place.append(button);
  }
}
