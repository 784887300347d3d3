/** The sheet that shows the call that made the answer, and the answer itself. */

import { copyText } from "./copy.js";
import { byId } from "./dom.js";
import { NOTES, SNIPPETS, readable } from "./snippets.js";

/** Time that “Copied” is shown, in milliseconds. */
const THANKS = 1500;

const code = byId("code", HTMLElement);
const copy = byId("copy", HTMLButtonElement);
/** @type {Record<string, () => string>} */
let texts = {};

/**
 * @param {import("./types.js").Answer} answer
 * @param {import("./snippets.js").Call} call
 */
export function showCall(answer, call) {
  texts = { answer: () => readable(answer) };
  for (const [name, write] of Object.entries(SNIPPETS)) texts[name] = () => write(call);
  show();
}

export function installCall() {
  byId("call", HTMLElement).addEventListener("change", show);
  copy.addEventListener("click", async () => {
    await copyText(code);
    copy.textContent = "Copied";
    setTimeout(() => (copy.textContent = "Copy"), THANKS);
  });
}

function show() {
  const name = document.querySelector("[name=tongue]:checked")?.getAttribute("value") ?? "curl";
  code.textContent = texts[name]?.() ?? "";
  byId("call-note", HTMLElement).textContent = NOTES[name] ?? "";
}
