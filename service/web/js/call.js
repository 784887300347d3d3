/** The sheet that shows the call that made the answer, and the answer itself. */

import { copyBy } from "./copy.js";
import { byId } from "./dom.js";
import { SNIPPETS, noteOn, readable } from "./snippets.js";

const code = byId("code", HTMLElement);
const copy = byId("copy", HTMLButtonElement);
/** @type {{answer: () => Promise<import("./types.js").Answer>, call: import("./snippets.js").Call} | null} */
let shown = null;

/**
 * @param {() => Promise<import("./types.js").Answer>} answer asked for when it is to be read
 * @param {import("./snippets.js").Call} call
 */
export function showCall(answer, call) {
  shown = { answer, call };
  void show();
}

export function installCall() {
  byId("call", HTMLElement).addEventListener("change", show);
  copy.addEventListener("click", () => copyBy(copy, code.textContent ?? ""));
}

async function show() {
  const name = document.querySelector("[name=tongue]:checked")?.getAttribute("value") ?? "curl";
  if (!shown) return;
  const { call, answer } = shown;
  byId("call-note", HTMLElement).textContent = noteOn(name, call);
  const text = SNIPPETS[name]?.(call) ?? readable(await answer());
  if (shown.call === call) code.textContent = text;
}
