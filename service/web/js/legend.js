/** The legend: every part's colour, name and share; switches parts on and off. */

import { element } from "./dom.js";
import { css, percent, words } from "./words.js";

/** @typedef {import("./types.js").Label} Label */
/** @typedef {import("./types.js").Part} Part */

/** Id of the background, in every model. It is there to be switched on, but off at first. */
export const BACKGROUND = 0;

/** IoU with people's own labels below which a label is wrong more often than not. */
export const DOUBTFUL = 0.3;

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

  /**
   * @param {Label[]} labels
   * @param {Record<string, number>} figures IoU by label, measured when the model was made
   * @param {string[]} hidden names of labels that are off at first
   */
  setLabels(labels, figures, hidden) {
    this.#rows = new Map(labels.map((label) => [label.id, this.#row(label, figures[label.name], hidden)]));
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

  /** @returns {string[]} names of the parts that are switched off */
  hiddenNames() {
    return [...this.#rows].flatMap(([id, { box }]) => (id === BACKGROUND || box.checked ? [] : [box.value]));
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

  /**
   * @param {Label} label
   * @param {number | undefined} figure
   * @param {string[]} hidden
   */
  #row({ id, name, color }, figure, hidden) {
    const box = element("input");
    Object.assign(box, { type: "checkbox", value: name, checked: id !== BACKGROUND && !hidden.includes(name) });
    const swatch = element("span", "swatch");
    const share = element("span", "value");
    const label = element("label", "", box, swatch, element("span", "", words(name)), share);
    if (figure !== undefined) label.title = `IoU with people’s own labels: ${percent(figure)}`;
    if (figure !== undefined && figure < DOUBTFUL) share.before(element("span", "doubt", "often wrong"));
    const row = element("li", "", label);
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
