/** Names the part under the pointer, a finger, or a cross that the arrow keys move; and takes clicks and Enter there. */

import { element } from "./dom.js";
import { css, percent, words } from "./words.js";

/** @typedef {import("./types.js").Part} Part */
/** @typedef {{part: Part, person: number | null}} Found a part, and whose it is where there are several people */

/** How far an arrow key moves the cross, as a share of the photo; with Shift, a fifth of it. */
const STEP = 0.04;
const DIRECTIONS = new Map([
  ["ArrowLeft", [-1, 0]],
  ["ArrowRight", [1, 0]],
  ["ArrowUp", [0, -1]],
  ["ArrowDown", [0, 1]],
]);

/**
 * @param {object} options
 * @param {HTMLElement} options.surface
 * @param {HTMLElement} options.readout
 * @param {HTMLElement} options.cross
 * @param {HTMLElement} options.spoken
 * @param {(across: number, down: number) => Found | undefined} options.find told at each step of pointer and cross
 * @param {() => void} options.onLeave
 * @param {(across: number, down: number, isByKey: boolean) => void} options.onPress
 */
export function installProbe({ surface, readout, cross, spoken, find, onLeave, onPress }) {
  let [across, down] = [0.5, 0.5];

  /** @param {boolean} isSpoken */
  const point = (isSpoken) => {
    const found = find(across, down);
    readout.hidden = !found;
    cross.hidden = !isSpoken;
    for (const [name, value] of [["--x", across], ["--y", down]]) {
      readout.style.setProperty(String(name), String(value));
      cross.style.setProperty(String(name), String(value));
    }
    if (found) readout.replaceChildren(...describe(found));
    if (found && isSpoken) spoken.textContent = [words(found.part.name), ...certainty(found)].join(", ");
  };
  const leave = () => {
    readout.hidden = cross.hidden = true;
    onLeave();
  };

  for (const kind of /** @type {const} */ (["pointermove", "pointerdown"])) {
    surface.addEventListener(kind, (event) => {
      const box = surface.getBoundingClientRect();
      across = (event.clientX - box.left) / box.width;
      down = (event.clientY - box.top) / box.height;
      point(false);
    });
  }
  // A finger leaves when it is lifted; what it pointed at stays named.
  surface.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && leave());
  surface.addEventListener("blur", leave);
  surface.addEventListener("click", () => onPress(across, down, false));
  surface.addEventListener("keydown", (event) => {
    if (event.key === "Escape") leave();
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      onPress(across, down, true);
    }
    const direction = DIRECTIONS.get(event.key);
    if (!direction) return;
    event.preventDefault();
    const step = event.shiftKey ? STEP / 5 : STEP;
    across = Math.min(0.999, Math.max(0, across + (direction[0] ?? 0) * step));
    down = Math.min(0.999, Math.max(0, down + (direction[1] ?? 0) * step));
    point(true);
  });
}

/** @param {Found} found */
function describe(found) {
  const swatch = element("span", "swatch");
  swatch.style.setProperty("--color", css(found.part.color));
  return [swatch, element("strong", "", words(found.part.name)), element("span", "", certainty(found).join(", "))];
}

/** @param {Found} found */
function certainty({ part, person }) {
  return [...(person ? [`person ${person}`] : []), `${percent(part.confidence)} sure on average`];
}
