/** Puts text on the clipboard. */

/**
 * @param {HTMLElement} shown an element whose text is copied
 * @returns {Promise<void>}
 */
export async function copyText(shown) {
  if (navigator.clipboard) return navigator.clipboard.writeText(shown.textContent ?? "");
  // Browsers keep the clipboard from pages that come over plain http from another machine; the old way still works.
  getSelection()?.selectAllChildren(shown);
  document.execCommand("copy");
}
