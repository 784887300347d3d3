/** The people of an answer: which of them is looked at, because they are pointed at or chosen from the list. */

import { element } from "./dom.js";
import { personColor } from "./skeleton.js";

/** @typedef {import("./types.js").Person} Person */

export class People extends EventTarget {
  /** @type {number | null} */
  #chosen = null;
  /** @type {number | null} */
  #pointed = null;
  /** @type {Map<number | null, HTMLInputElement>} */
  #boxes = new Map();

  /**
   * Fires “change” when somebody else is looked at. One person alone is not chosen from anybody: the list is hidden then.
   *
   * @param {HTMLElement} panel
   * @param {HTMLElement} list
   */
  constructor(panel, list) {
    super();
    this.panel = panel;
    this.list = list;
  }

  /**
   * Lists the people of an answer; everybody is looked at.
   *
   * @param {Person[]} people
   */
  setPeople(people) {
    this.#chosen = this.#pointed = null;
    const isGroup = people.length > 1;
    this.panel.hidden = !isGroup;
    this.#boxes.clear();
    const rows = people.map((person, index) => this.#row(index + 1, person, people.length));
    this.list.replaceChildren(...(isGroup ? [this.#row(null), ...rows] : []));
  }

  /** @returns {number | null} the number of the person who is looked at, from 1; null for everybody */
  get focus() {
    return this.#pointed ?? this.#chosen;
  }

  /** @returns {number | null} the person who is chosen, whoever is pointed at */
  get chosen() {
    return this.#chosen;
  }

  /**
   * Looks at a person for as long as they are pointed at.
   *
   * @param {number | null} number
   */
  point(number) {
    this.#change(() => (this.#pointed = this.#boxes.has(number) ? number : null));
  }

  /**
   * Looks at a person until another is chosen; null: at everybody.
   *
   * @param {number | null} number
   */
  choose(number) {
    const box = this.#boxes.get(number);
    if (!box) return;
    box.checked = true;
    this.#change(() => {
      this.#chosen = number;
      this.#pointed = null;
    });
  }

  /** @param {() => void} apply */
  #change(apply) {
    const before = this.focus;
    apply();
    if (this.focus !== before) this.dispatchEvent(new Event("change"));
  }

  /**
   * @param {number | null} number
   * @param {Person} [person]
   * @param {number} [count] of all people
   */
  #row(number, person, count = 0) {
    const box = element("input");
    Object.assign(box, { type: "radio", name: "person", value: number ?? "", checked: number === null });
    const name = element("span", "", number === null ? "Everybody" : `Person ${number}`);
    const label = element("label", "", box, name);
    if (number !== null && person) {
      const swatch = element("span", "swatch");
      swatch.style.setProperty("--color", personColor(number, count));
      name.before(swatch);
      label.append(element("span", "value", person.score.toFixed(2)));
    }
    box.addEventListener("change", () => this.choose(number));
    label.addEventListener("pointerenter", () => this.point(number));
    label.addEventListener("pointerleave", () => this.point(null));
    this.#boxes.set(number, box);
    return label;
  }
}
