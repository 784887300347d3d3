/** The API key: asked for where the service wants one, and kept as long as the tab. */

import { byId } from "./dom.js";

const NAME = "jppnet-api-key";

/** @returns {string | null} */
export function storedKey() {
  return sessionStorage.getItem(NAME);
}

/**
 * Asks for a key.
 *
 * @param {string} detail why
 * @returns {Promise<void>} resolves when there is one
 */
export function askForKey(detail) {
  const form = byId("key-form", HTMLFormElement);
  const input = byId("key", HTMLInputElement);
  byId("key-detail", HTMLElement).textContent = detail;
  form.hidden = false;
  input.select();
  return new Promise((resolve) => {
    form.onsubmit = (event) => {
      event.preventDefault();
      sessionStorage.setItem(NAME, input.value.trim());
      input.value = "";
      form.hidden = true;
      resolve();
    };
  });
}
