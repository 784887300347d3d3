/** What the page says about itself: what it does now, and what went wrong. */

import { byId, element } from "./dom.js";
import { Problem } from "./problem.js";

const status = byId("status", HTMLElement);
const progress = byId("progress", HTMLProgressElement);
const notice = byId("problem", HTMLElement);

/** @param {string} text */
export function say(text) {
  status.textContent = text;
}

/**
 * Says what went wrong, and offers to try again where that can help.
 *
 * @param {Problem} problem
 * @param {() => void} [again]
 */
export function complain({ title, detail, requestId }, again) {
  say("");
  /** @type {HTMLElement[]} */
  const parts = [element("h2", "", title), element("p", "", detail)];
  if (requestId) parts.push(element("p", "soft", `Request ${requestId}`));
  if (again) {
    const button = element("button", "button", "Try again");
    button.type = "button";
    button.addEventListener("click", again);
    parts.push(button);
  }
  notice.replaceChildren(...parts);
  notice.hidden = false;
  notice.scrollIntoView({ block: "nearest" });
}

/**
 * Shows how much of something is done.
 *
 * @param {number | null} share 0–1; null where nobody knows
 */
export function showProgress(share) {
  progress.hidden = false;
  if (share === null) progress.removeAttribute("value");
  else progress.value = share;
}

/** Takes a complaint away. */
export function hush() {
  notice.hidden = true;
  notice.replaceChildren();
}
