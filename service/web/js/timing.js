/** How long an answer took, and what for. */

import { element } from "./dom.js";
import { milliseconds, words } from "./words.js";

/** @typedef {import("./types.js").Stage} Stage */

/**
 * The header Server-Timing: `decode;dur=3.1, device;dur=8.4;desc="on the device"`. Entries without a time are left out.
 *
 * @param {string | null} header
 * @returns {Stage[]}
 */
export function parseServerTiming(header) {
  return (header ?? "").split(",").flatMap((entry) => {
    const [name, ...parameters] = entry.split(";").map((piece) => piece.trim());
    const time = parameters.find((parameter) => /^dur=/i.test(parameter));
    return name && time ? [{ name, milliseconds: Number(time.slice(4).replaceAll('"', "")) }] : [];
  });
}

/**
 * The steps that are worth a line: the service's, and the rest, which is the way there and back.
 *
 * @param {Stage[]} stages
 * @param {number} total
 * @returns {Stage[]}
 */
function withTheWay(stages, total) {
  const steps = stages.filter(({ name }) => name !== "total");
  const known = steps.reduce((sum, stage) => sum + stage.milliseconds, 0);
  return steps.length ? [...steps, { name: "way there and back", milliseconds: Math.max(0, total - known) }] : [];
}

/**
 * Shows the time of an answer, as a tape cut into its steps.
 *
 * @param {{total: HTMLElement, bar: HTMLElement, list: HTMLElement}} place
 * @param {Stage[]} stages
 * @param {number} total in milliseconds
 */
export function showTiming({ total: sum, bar, list }, stages, total) {
  sum.textContent = milliseconds(total);
  const steps = withTheWay(stages, total);
  bar.replaceChildren(
    ...steps.map((step) => {
      const piece = element("span");
      piece.style.flexGrow = String(step.milliseconds);
      return piece;
    }),
  );
  list.replaceChildren(
    ...steps.flatMap((step) => [
      element("dt", "", words(step.name)),
      element("dd", "", milliseconds(step.milliseconds)),
    ]),
  );
}
