/** The photo, its mask and its skeleton, one over the other. */

import { byId } from "./dom.js";
import { paintMask } from "./mask.js";
import { drawSkeleton } from "./skeleton.js";

/** @typedef {import("./png.js").LabelMap} LabelMap */
/** @typedef {import("./types.js").Answer} Answer */
/** @typedef {import("./types.js").Label} Label */

export class View {
  stage = byId("stage", HTMLElement);
  surface = byId("surface", HTMLElement);
  skeleton = byId("skeleton", SVGSVGElement);
  #photo = byId("photo", HTMLImageElement);
  #frame = byId("frame", HTMLCanvasElement);
  #mask = byId("mask", HTMLCanvasElement);
  /** @type {LabelMap | null} */
  #map = null;
  /** @type {Answer | null} */
  #answer = null;

  constructor() {
    // Lines, dots and names keep their size on the screen, whatever the photo's.
    new ResizeObserver(() => this.#scale()).observe(this.stage);
  }

  /**
   * Shows a photo at once, without an answer.
   *
   * @param {Blob} photo
   * @returns {Promise<void>} rejects where the browser cannot show it
   */
  async showPhoto(photo) {
    this.clear();
    URL.revokeObjectURL(this.#photo.src);
    this.#photo.src = URL.createObjectURL(photo);
    await this.#photo.decode();
    this.#photo.hidden = false;
    this.#shape(this.#photo.naturalWidth, this.#photo.naturalHeight);
  }

  /**
   * Shows a frame of the camera.
   *
   * @param {HTMLCanvasElement} frame
   */
  showFrame(frame) {
    this.#photo.hidden = true;
    this.#frame.hidden = false;
    const { width, height } = frame;
    if (this.#frame.width !== width || this.#frame.height !== height) Object.assign(this.#frame, { width, height });
    this.#frame.getContext("2d")?.drawImage(frame, 0, 0);
    this.#shape(width, height);
  }

  /**
   * Shows people as a mirror does, as they expect of their own camera.
   *
   * @param {boolean} on
   */
  setMirrored(on) {
    this.stage.classList.toggle("mirrored", on);
  }

  /**
   * @param {Answer} answer
   * @param {LabelMap | null} map null from a model without labels
   */
  showAnswer(answer, map) {
    this.#map = map;
    this.#answer = answer;
    this.#shape(answer.image.width, answer.image.height);
  }

  /**
   * @param {Label[]} labels
   * @param {(id: number) => boolean} isVisible
   * @param {number | null} chosen
   */
  paint(labels, isVisible, chosen) {
    if (this.#map) paintMask(this.#mask, this.#map, labels, isVisible, chosen);
  }

  /** Takes photo and answer away. */
  clear() {
    this.#map = this.#answer = null;
    this.#photo.hidden = this.#frame.hidden = true;
    this.#mask.width = this.#mask.height = 1;
    this.skeleton.replaceChildren();
    this.setMirrored(false);
  }

  /**
   * The label at a place of the photo, both 0–1 as they are seen; null where there is no answer.
   *
   * @param {number} across
   * @param {number} down
   * @returns {number | null}
   */
  labelAt(across, down) {
    if (!this.#map || across < 0 || down < 0 || across >= 1 || down >= 1) return null;
    const { width, height, ids } = this.#map;
    const x = Math.floor((this.stage.classList.contains("mirrored") ? 1 - across : across) * width);
    return ids[Math.floor(down * height) * width + Math.min(x, width - 1)] ?? null;
  }

  /**
   * @param {number} width
   * @param {number} height
   */
  #shape(width, height) {
    this.stage.style.setProperty("--ratio", String(width / height));
    this.stage.dataset.width = String(width);
    this.#scale();
  }

  #scale() {
    if (!this.stage.clientWidth) return; // not laid out; when it is, this is called again
    const pixels = Number(this.stage.dataset.width) / this.stage.clientWidth;
    this.stage.style.setProperty("--pixel", String(pixels));
    if (this.#answer) drawSkeleton(this.skeleton, this.#answer, pixels);
  }
}
