/** Names the part under the pointer, a finger, or a cross that the arrow keys move. */

import { element } from "./dom.js";
import { css, percent, words } from "./words.js";

/** @typedef {import("./types.js").Part} Part */

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
 * @param {(across: number, down: number) => Part | undefined} options.partAt
 * @param {(part: Part | undefined) => void} options.onPart
 */
export function installProbe({ surface, readout, cross, spoken, partAt, onPart }) {
  let [across, down] = [0.5, 0.5];

  /** @param {boolean} isSpoken */
  const point = (isSpoken) => {
    const part = partAt(across, down);
    onPart(part);
    readout.hidden = !part;
    cross.hidden = !isSpoken;
    for (const [name, value] of [["--x", across], ["--y", down]]) {
      readout.style.setProperty(String(name), String(value));
      cross.style.setProperty(String(name), String(value));
    }
    if (part) readout.replaceChildren(...describe(part));
    if (part && isSpoken) spoken.textContent = `${words(part.name)}, ${percent(part.confidence)} sure`;
  };
  const leave = () => {
    readout.hidden = cross.hidden = true;
    onPart(undefined);
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
  surface.addEventListener("keydown", (event) => {
    if (event.key === "Escape") leave();
    const direction = DIRECTIONS.get(event.key);
    if (!direction) return;
    event.preventDefault();
    const step = event.shiftKey ? STEP / 5 : STEP;
    across = Math.min(0.999, Math.max(0, across + (direction[0] ?? 0) * step));
    down = Math.min(0.999, Math.max(0, down + (direction[1] ?? 0) * step));
    point(true);
  });
}

/** @param {Part} part */
function describe({ name, color, confidence }) {
  const swatch = element("span", "swatch");
  swatch.style.setProperty("--color", css(color));
  return [swatch, element("strong", "", words(name)), element("span", "", `${percent(confidence)} sure`)];
}
