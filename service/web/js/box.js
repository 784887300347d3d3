/** A box that is drawn over the photo: dragged, or from one corner to the other by two clicks or with the keyboard. */

/** @typedef {{left: number, top: number, right: number, bottom: number}} Box shares of the photo as it is seen, 0–1 */

/** Smallest side of a box, in pixels of the page. What is smaller is a click on a corner. */
const SMALLEST = 8;

export class BoxTool {
  /** @type {[number, number] | null} the first corner */
  #corner = null;
  #isOn = false;

  /**
   * @param {object} options
   * @param {HTMLElement} options.surface
   * @param {HTMLElement} options.frame shows the box
   * @param {(box: Box) => void} options.onBox
   */
  constructor({ surface, frame, onBox }) {
    this.surface = surface;
    this.frame = frame;
    this.onBox = onBox;
    surface.addEventListener("pointerdown", (event) => {
      if (!this.#isOn || !event.isPrimary || event.button !== 0) return;
      surface.setPointerCapture(event.pointerId);
      const place = this.#place(event);
      this.#corner ??= place;
      this.move(...place);
    });
    surface.addEventListener("pointermove", (event) => {
      if (this.#isOn && event.isPrimary) this.move(...this.#place(event));
    });
    surface.addEventListener("pointerup", (event) => {
      if (this.#isOn && event.isPrimary) this.#finish(...this.#place(event));
    });
    surface.addEventListener("pointercancel", () => this.cancel());
  }

  get isOn() {
    return this.#isOn;
  }

  /** Whether the first corner is set, and the second not. */
  get isDrawing() {
    return this.#corner !== null;
  }

  /** @param {boolean} on */
  setOn(on) {
    this.#isOn = on;
    this.cancel();
  }

  /**
   * Sets the first corner, or the second and with it the box.
   *
   * @param {number} across
   * @param {number} down
   */
  setCorner(across, down) {
    if (this.#corner) this.#finish(across, down);
    else this.#corner = [across, down];
  }

  /**
   * Draws the box from the first corner to this place.
   *
   * @param {number} across
   * @param {number} down
   */
  move(across, down) {
    if (this.#corner) this.show(between(this.#corner, [across, down]));
  }

  /** Forgets the first corner. */
  cancel() {
    if (this.#corner) this.show(null);
    this.#corner = null;
  }

  /** @param {Box | null} box */
  show(box) {
    this.frame.hidden = box === null;
    if (!box) return;
    for (const [name, share] of Object.entries({ ...box, right: 1 - box.right, bottom: 1 - box.bottom })) {
      this.frame.style.setProperty(name, `${share * 100}%`);
    }
  }

  /**
   * @param {number} across
   * @param {number} down
   */
  #finish(across, down) {
    if (!this.#corner) return;
    const box = between(this.#corner, [across, down]);
    const { clientWidth, clientHeight } = this.surface;
    const width = (box.right - box.left) * clientWidth;
    if (width < SMALLEST || (box.bottom - box.top) * clientHeight < SMALLEST) return;
    this.#corner = null;
    this.onBox(box);
  }

  /**
   * Where a pointer is, within the photo.
   *
   * @param {PointerEvent} event
   * @returns {[number, number]}
   */
  #place({ clientX, clientY }) {
    const { left, top, width, height } = this.surface.getBoundingClientRect();
    return [within((clientX - left) / width), within((clientY - top) / height)];
  }
}

/** @param {number} share */
function within(share) {
  return Math.min(1, Math.max(0, share));
}

/**
 * @param {[number, number]} one
 * @param {[number, number]} other
 * @returns {Box}
 */
function between([x, y], [otherX, otherY]) {
  return {
    left: Math.min(x, otherX),
    top: Math.min(y, otherY),
    right: Math.max(x, otherX),
    bottom: Math.max(y, otherY),
  };
}
