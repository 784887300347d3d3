/** A strip of photos that came together: one of them is shown, and answers stay as long as the strip. */

import { byId, element } from "./dom.js";

/** @typedef {import("./types.js").Reply} Reply */

export class Strip {
  #place = byId("strip", HTMLElement);
  /** @type {Map<File, Reply>} */
  #replies = new Map();
  /** @type {Map<File, HTMLElement>} */
  #rows = new Map();

  /** @param {(photo: File) => void} onChoose */
  constructor(onChoose) {
    this.onChoose = onChoose;
  }

  /**
   * Shows photos as a strip; one alone needs none.
   *
   * @param {File[]} photos
   */
  setPhotos(photos) {
    for (const picture of this.#place.querySelectorAll("img")) URL.revokeObjectURL(picture.src);
    this.#replies.clear();
    this.#rows = new Map(photos.map((photo, index) => [photo, this.#row(photo, index)]));
    this.#place.hidden = photos.length < 2;
    this.#place.replaceChildren(...this.#rows.values());
  }

  get isShown() {
    return !this.#place.hidden;
  }

  /** @param {File} photo */
  has(photo) {
    return this.#rows.has(photo);
  }

  /** Forgets the answers, which others are to follow. */
  forget() {
    this.#replies.clear();
  }

  /** @param {File} photo */
  replyTo(photo) {
    return this.#replies.get(photo);
  }

  /**
   * @param {File} photo
   * @param {Reply} reply
   */
  keep(photo, reply) {
    if (this.has(photo)) this.#replies.set(photo, reply);
    this.mark(photo, reply.answer.people.length ? "done" : "nobody");
  }

  /**
   * @param {File} photo
   * @param {"done" | "nobody" | "failed"} outcome
   */
  mark(photo, outcome) {
    const row = this.#rows.get(photo);
    if (row) row.dataset.outcome = outcome;
  }

  /**
   * @param {File} photo
   * @param {number} index
   */
  #row(photo, index) {
    const box = element("input");
    Object.assign(box, { type: "radio", name: "strip", checked: index === 0 });
    const picture = element("img");
    Object.assign(picture, { src: URL.createObjectURL(photo), alt: "", width: 72, height: 72 });
    picture.addEventListener("error", () => picture.removeAttribute("src")); // no broken picture where it is none
    box.addEventListener("change", () => this.onChoose(photo));
    return element("label", "", box, picture, element("span", "", photo.name));
  }
}
