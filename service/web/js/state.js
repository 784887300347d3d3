/** The page's state, and what of the page each state shows. */

import { byId } from "./dom.js";

/** @typedef {"empty" | "busy" | "failed" | "done" | "live"} State */

const main = byId("main", HTMLElement);
const element = (/** @type {string} */ id) => byId(id, HTMLElement);

/** @returns {State} */
export function currentState() {
  return /** @type {State} */ (main.dataset.state);
}

/**
 * @param {State} state
 * @param {import("./viewer.js").Shown | null} shown the answer that is shown, if any
 */
export function enter(state, shown) {
  main.dataset.state = state;
  const isDone = state === "done";
  element("work").hidden = state === "empty";
  element("aside").hidden = shown === null;
  for (const id of ["call", "downloads", "link"]) element(id).hidden = !isDone;
  element("whole").hidden = !isDone || !shown?.box;
  element("cancel").hidden = state !== "busy";
  element("stop").hidden = element("fps").hidden = state !== "live";
  element("turn").hidden = true;
  if (state !== "busy") element("progress").hidden = true;
  if (!shown) element("summary").textContent = "";
}
