/** The photo, its mask and its skeleton, one over the other. */

import { byId } from "./dom.js";
import { paintMask, paintingStep } from "./mask.js";
import { paintOutlines } from "./outlines.js";
import { drawSkeleton } from "./skeleton.js";

/** @typedef {import("./png.js").Plane} Plane */
/** @typedef {import("./types.js").Answer} Answer */
/** @typedef {import("./types.js").Label} Label */

/** Thickness of the lines around people, in pixels of the page. */
const OUTLINE = 2.5;

export class View {
  stage = byId("stage", HTMLElement);
  surface = byId("surface", HTMLElement);
  skeleton = byId("skeleton", SVGSVGElement);
  #photo = byId("photo", HTMLImageElement);
  #frame = byId("frame", HTMLCanvasElement);
  #mask = byId("mask", HTMLCanvasElement);
  #outlines = byId("outlines", HTMLCanvasElement);
  /** @type {Plane | null} label ids */
  #map = null;
  /** @type {Plane | null} people's numbers, where there are several people */
  #owners = null;
  /** @type {number | null} the person who stands out */
  #focus = null;
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
   * @param {Plane | null} map label ids; null from a model without labels
   * @param {Plane | null} owners people's numbers
   */
  showAnswer(answer, map, owners) {
    this.#map = map;
    this.#owners = answer.people.length > 1 ? owners : null;
    this.#focus = null;
    this.#answer = answer;
    this.#shape(answer.image.width, answer.image.height);
  }

  /**
   * @param {object} options
   * @param {Label[]} options.labels
   * @param {(id: number) => boolean} options.isVisible
   * @param {number | null} options.chosen the label that stands out, if any
   * @param {number | null} options.focus the person who stands out, if any
   */
  paint(options) {
    if (this.#map) paintMask(this.#mask, this.#map, this.#owners, options);
    if (this.#focus === options.focus) return;
    this.#focus = options.focus;
    this.#scale();
  }

  /** @returns {HTMLImageElement | HTMLCanvasElement} the photo that is shown, or the camera's frame */
  get photo() {
    return this.#photo.hidden ? this.#frame : this.#photo;
  }

  /** @returns {{mask: HTMLCanvasElement, opacity: number} | null} as it is painted; null where it is switched off */
  get visibleMask() {
    if (!this.#map || this.stage.classList.contains("without-mask")) return null;
    return { mask: this.#mask, opacity: parseFloat(getComputedStyle(this.#mask).opacity) };
  }

  get hasSkeleton() {
    return !this.stage.classList.contains("without-skeleton");
  }

  /** Takes photo and answer away. */
  clear() {
    this.#map = this.#owners = this.#answer = this.#focus = null;
    this.#photo.hidden = this.#frame.hidden = true;
    this.#mask.width = this.#mask.height = this.#outlines.width = this.#outlines.height = 1;
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
    return this.#valueAt(this.#map, across, down);
  }

  /**
   * The number of the person at a place of the photo, both 0–1 as they are seen; null for nobody and where there is but
   * one.
   *
   * @param {number} across
   * @param {number} down
   * @returns {number | null}
   */
  personAt(across, down) {
    return this.#valueAt(this.#owners, across, down) || null;
  }

  /**
   * A box of the photo as it is seen, in pixels of the upright photo: x, y, width, height.
   *
   * @param {import("./box.js").Box} box
   * @returns {[number, number, number, number]}
   */
  toPixels({ left, top, right, bottom }) {
    const width = Number(this.stage.dataset.width);
    const height = Number(this.stage.dataset.height);
    const from = this.stage.classList.contains("mirrored") ? 1 - right : left;
    const [x, y] = [Math.floor(from * width), Math.floor(top * height)];
    const sides = [Math.ceil((right - left) * width), Math.ceil((bottom - top) * height)];
    return [x, y, Math.min(sides[0] ?? 0, width - x), Math.min(sides[1] ?? 0, height - y)];
  }

  /**
   * @param {Plane | null} plane
   * @param {number} across
   * @param {number} down
   */
  #valueAt(plane, across, down) {
    if (!plane || across < 0 || down < 0 || across >= 1 || down >= 1) return null;
    const { width, height, values } = plane;
    const x = Math.floor((this.stage.classList.contains("mirrored") ? 1 - across : across) * width);
    return values[Math.floor(down * height) * width + Math.min(x, width - 1)] ?? null;
  }

  /**
   * @param {number} width
   * @param {number} height
   */
  #shape(width, height) {
    this.stage.style.setProperty("--ratio", String(width / height));
    Object.assign(this.stage.dataset, { width, height });
    this.#scale();
  }

  #scale() {
    if (!this.stage.clientWidth) return; // not laid out; when it is, this is called again
    const pixels = Number(this.stage.dataset.width) / this.stage.clientWidth;
    this.stage.style.setProperty("--pixel", String(pixels));
    if (!this.#answer) return;
    drawSkeleton(this.skeleton, this.#answer, pixels, this.#focus);
    if (this.#map) this.#outline(this.#map, pixels, this.#answer.people.length);
  }

  /**
   * @param {Plane} map
   * @param {number} pixels photo pixels per pixel of the page
   * @param {number} count of the people
   */
  #outline(map, pixels, count) {
    const step = paintingStep(map);
    const [width, height] = [Math.ceil(map.width / step), Math.ceil(map.height / step)];
    Object.assign(this.#outlines, { width, height }); // which clears it
    const thickness = Math.max(1, Math.round((OUTLINE * pixels) / step));
    if (this.#owners) paintOutlines(this.#outlines, this.#owners, { step, thickness, count, focus: this.#focus });
  }
}
