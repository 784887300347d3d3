/** Puts text on the clipboard. */

import { element } from "./dom.js";

/**
 * @param {string} text
 * @returns {Promise<void>}
 */
export async function copyText(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Browsers keep the clipboard from pages that come over plain http from another machine; the old way still works.
  const shown = element("pre", "unseen", text);
  document.body.append(shown);
  getSelection()?.selectAllChildren(shown);
  document.execCommand("copy");
  shown.remove();
}
