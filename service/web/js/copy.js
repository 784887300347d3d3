/** Puts text on the clipboard. */

import { element } from "./dom.js";

/** Time that the thanks are shown, in milliseconds. */
const THANKS = 1500;

/**
 * Copies a text, and says so on the button that was pressed.
 *
 * @param {HTMLButtonElement} button
 * @param {string} text
 * @param {string} [thanks]
 */
export async function copyBy(button, text, thanks = "Copied") {
  await copyText(text);
  const label = (button.dataset.label ??= button.textContent ?? "");
  button.textContent = thanks;
  setTimeout(() => (button.textContent = label), THANKS);
}

/**
 * @param {string} text
 * @returns {Promise<void>}
 */
async function copyText(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Browsers keep the clipboard from pages that come over plain http from another machine; the old way still works.
  const shown = element("pre", "unseen", text);
  document.body.append(shown);
  getSelection()?.selectAllChildren(shown);
  document.execCommand("copy");
  shown.remove();
}
