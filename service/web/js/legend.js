/** The legend: every part's colour, name and share; switches parts on and off. */

import { element } from "./dom.js";
import { css, percent, words } from "./words.js";

/** @typedef {import("./types.js").Label} Label */
/** @typedef {import("./types.js").Part} Part */

/** Id of the background, in every model. It is there to be switched on, but off at first. */
export const BACKGROUND = 0;

export class Legend extends EventTarget {
  /** @type {Map<number, {row: HTMLLIElement, box: HTMLInputElement, share: HTMLElement}>} */
  #rows = new Map();

  /**
   * Fires “change” when a part is switched, and “choose” when one is pointed at.
   *
   * @param {HTMLUListElement} list
   */
  constructor(list) {
    super();
    this.list = list;
    /** @type {number | null} the part that is pointed at */
    this.chosen = null;
  }

  /** @param {Label[]} labels */
  setLabels(labels) {
    this.#rows = new Map(labels.map((label) => [label.id, this.#row(label)]));
    this.list.replaceChildren(...[...this.#rows.values()].map(({ row }) => row));
  }

  /**
   * Shows the parts of an answer, the largest first. While frames follow each other nothing changes places, and what
   * was there once stays: a list that jumps cannot be clicked.
   *
   * @param {Part[]} parts
   * @param {boolean} isLive
   */
  setParts(parts, isLive) {
    const shares = new Map(parts.map((part) => [part.id, part.share]));
    for (const [id, { row, share }] of this.#rows) {
      const value = shares.get(id) ?? 0;
      row.hidden = !value && !(isLive && !row.hidden);
      row.style.setProperty("--share", String(value));
      share.textContent = value ? percent(value) : "–";
    }
    if (isLive) return;
    const last = (/** @type {number} */ id) => (id === BACKGROUND ? -1 : (shares.get(id) ?? 0));
    const sorted = [...this.#rows.keys()].sort((a, b) => last(b) - last(a));
    this.list.append(...sorted.flatMap((id) => this.#rows.get(id)?.row ?? []));
  }

  /** @param {number} id */
  isVisible(id) {
    return this.#rows.get(id)?.box.checked ?? false;
  }

  /**
   * Switches all parts; the background goes off with the others, but not on.
   *
   * @param {boolean} on
   */
  setAll(on) {
    for (const [id, { box }] of this.#rows) box.checked = on && id !== BACKGROUND;
    this.dispatchEvent(new Event("change"));
  }

  /**
   * Marks the part that is pointed at in the photo.
   *
   * @param {number | null} id
   */
  mark(id) {
    for (const [other, { row }] of this.#rows) row.classList.toggle("marked", other === id);
  }

  /** @param {Label} label */
  #row({ id, name, color }) {
    const box = element("input");
    Object.assign(box, { type: "checkbox", checked: id !== BACKGROUND });
    const swatch = element("span", "swatch");
    const share = element("span", "value");
    const row = element("li", "", element("label", "", box, swatch, element("span", "", words(name)), share));
    row.style.setProperty("--color", css(color));
    row.hidden = true;
    box.addEventListener("change", () => this.dispatchEvent(new Event("change")));
    row.addEventListener("pointerenter", () => this.#choose(id));
    row.addEventListener("pointerleave", () => this.#choose(null));
    return { row, box, share };
  }

  /** @param {number | null} id */
  #choose(id) {
    this.chosen = id;
    this.dispatchEvent(new Event("choose"));
  }
}
