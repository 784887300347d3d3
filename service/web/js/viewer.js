/** The answer that is shown: photo, mask, people, legend, joints, times and the call that made it. */

import { BoxTool } from "./box.js";
import { showCall } from "./call.js";
import { byId } from "./dom.js";
import { bytesOf } from "./download.js";
import { filteredAnswer, wantedLabels } from "./filter.js";
import { listJoints } from "./joints.js";
import { storedKey } from "./key.js";
import { BACKGROUND, Legend } from "./legend.js";
import { People } from "./people.js";
import { readPlane } from "./png.js";
import { showTiming } from "./timing.js";
import { View } from "./view.js";
import { counted } from "./words.js";

/** @typedef {import("./png.js").Plane} Plane */
/** @typedef {import("./types.js").Model} Model */
/** @typedef {import("./types.js").Reply} Reply */
/** @typedef {[number, number, number, number]} PhotoBox x, y, width, height in pixels of the upright photo */

/**
 * @typedef {object} Shown
 * @property {File} photo
 * @property {PhotoBox | null} box that was asked about
 * @property {string | null} example its name, if the photo is one
 * @property {Reply} reply
 * @property {Plane | null} map label ids; null from a model without labels
 * @property {Plane | null} owners people's numbers
 */

export class Viewer {
  view = new View();
  legend = new Legend(byId("legend", HTMLUListElement));
  people = new People(byId("people-panel", HTMLElement), byId("people", HTMLElement));
  boxTool;
  /** @type {Model | null} */
  model = null;
  /** @type {Shown | null} */
  shown = null;
  #spoken = byId("spoken", HTMLElement);
  /** @type {number | null} the part under the pointer */
  #pointed = null;

  /** @param {(box: PhotoBox) => void} onBox told when a box was drawn over an answered photo */
  constructor(onBox) {
    this.boxTool = new BoxTool({
      surface: this.view.surface,
      frame: byId("box", HTMLElement),
      onBox: (box) => (this.shown ? onBox(this.view.toPixels(box)) : this.boxTool.show(null)),
    });
    this.people.addEventListener("change", () => {
      this.#describeFocus(false);
      this.paint();
    });
    this.legend.addEventListener("choose", () => this.paint());
    this.legend.addEventListener("change", () => {
      this.paint();
      this.#describeCall();
    });
  }

  /** @param {number} id */
  isVisible = (id) => this.legend.isVisible(id);

  get labels() {
    return this.model?.labels ?? [];
  }

  /**
   * @param {Pick<Shown, "photo" | "box" | "example">} asked
   * @param {Reply} reply
   * @param {AbortSignal} signal
   */
  async show(asked, reply, signal) {
    await this.#showPlanes(asked, reply, signal);
    if (asked.box) {
      const { width, height } = reply.answer.image;
      const [x, y, w, h] = asked.box;
      this.boxTool.show({ left: x / width, top: y / height, right: (x + w) / width, bottom: (y + h) / height });
    }
    this.people.setPeople(reply.answer.people);
    this.describe(false);
    this.paint();
  }

  /**
   * Shows a frame of the camera with its answer; {@link describe} is up to the caller.
   *
   * @param {HTMLCanvasElement} frame
   * @param {File} photo the same frame
   * @param {Reply} reply
   * @param {AbortSignal} signal
   */
  async showFrame(frame, photo, reply, signal) {
    await this.#showPlanes({ photo, box: null, example: null }, reply, signal, () => this.view.showFrame(frame));
    this.paint();
  }

  /** Takes the answer away. */
  forget() {
    this.shown = null;
    this.boxTool.show(null);
  }

  /** Lists everybody anew, after the camera: from frame to frame, a number may be another person's. */
  settle() {
    this.people.setPeople(this.shown?.reply.answer.people ?? []);
    this.describe(false);
    this.paint();
  }

  /**
   * Reads an answer's mask and instances, and gives them to the view.
   *
   * @param {Pick<Shown, "photo" | "box" | "example">} asked
   * @param {Reply} reply
   * @param {AbortSignal} signal
   * @param {() => void} [before] done before the view has the answer
   */
  async #showPlanes(asked, reply, signal, before) {
    const { answer } = reply;
    const map = answer.mask === undefined ? null : await readPlane(bytesOf(answer.mask));
    const owners = answer.instances ? await readPlane(bytesOf(answer.instances)) : null;
    signal.throwIfAborted();
    this.shown = { ...asked, reply, map, owners };
    before?.();
    this.view.showAnswer(answer, map, owners);
  }

  /**
   * Writes what there is to say about what is shown.
   *
   * @param {boolean} isLive
   */
  describe(isLive) {
    if (!this.shown) return;
    const { answer, stages, milliseconds, sent } = this.shown.reply;
    this.#describeFocus(isLive);
    const place = { bar: byId("bar", HTMLElement), list: byId("stages", HTMLElement), total: byId("total", HTMLElement) };
    showTiming(place, stages, milliseconds);
    const parts = answer.labels.filter(({ id }) => id !== BACKGROUND).length;
    byId("summary", HTMLElement).textContent = [
      `${answer.image.width} × ${answer.image.height} px`,
      ...(sent ? [`sent as ${sent.width} × ${sent.height}`] : []),
      ...(this.labels.length ? [counted(parts, "part", "parts")] : []),
      answer.people.length ? counted(answer.people.length, "person", "people") : "nobody found",
    ].join(" · ");
    this.#describeCall();
  }

  #describeCall() {
    const shown = this.shown;
    if (!shown) return;
    const { photo, box, reply } = shown;
    const call = {
      file: photo.name,
      box,
      labels: this.labels.length ? wantedLabels(this.labels, this.isVisible) : undefined,
      hasKey: storedKey() !== null,
      hasDetector: Boolean(this.model?.detector),
      wasMadeSmaller: reply.sent !== null,
    };
    showCall(() => filteredAnswer(reply.answer, shown, this.labels, this.isVisible), call);
  }

  /**
   * Lists the parts of the person who is looked at, or everybody's; and the joints of one person.
   *
   * @param {boolean} isLive
   */
  #describeFocus(isLive) {
    if (!this.shown) return;
    this.legend.setParts(this.#partsOf(this.people.focus), isLive);
    listJoints(byId("joints", HTMLElement), this.shown.reply.answer.people, this.people.focus);
  }

  /** @param {number | null} person the number; null for everybody */
  #partsOf(person) {
    const answer = this.shown?.reply.answer;
    return (person === null ? undefined : answer?.people[person - 1]?.labels) ?? answer?.labels ?? [];
  }

  paint() {
    const chosen = this.legend.chosen ?? this.#pointed;
    this.view.paint({
      labels: this.labels,
      isVisible: this.isVisible,
      chosen: chosen !== null && this.isVisible(chosen) ? chosen : null,
      focus: this.people.focus,
    });
  }

  /**
   * What is at a place of the photo; its person is looked at, and its part stands out.
   *
   * @param {number} across
   * @param {number} down
   */
  lookAt(across, down) {
    this.boxTool.move(across, down);
    const person = this.view.personAt(across, down);
    this.people.point(this.boxTool.isOn ? null : person);
    const id = this.view.labelAt(across, down);
    const part = this.#partsOf(person).find((part) => part.id === id);
    // In a group it is first the whole person who stands out, and only of a person who is chosen the part.
    this.#markPart(part && id !== BACKGROUND ? id : null, person === null || person === this.people.chosen);
    return part && { part, person };
  }

  lookAway() {
    this.people.point(null);
    this.#markPart(null, false);
  }

  /**
   * @param {number | null} id
   * @param {boolean} standsOut
   */
  #markPart(id, standsOut) {
    this.legend.mark(id);
    const before = this.#pointed;
    this.#pointed = standsOut ? id : null;
    if (this.#pointed !== before) this.paint();
  }

  /**
   * Chooses the person at a place of the photo, or everybody again; or sets a corner of the box that is being drawn.
   *
   * @param {number} across
   * @param {number} down
   * @param {boolean} isByKey
   */
  press(across, down, isByKey) {
    if (this.boxTool.isOn) {
      if (!isByKey) return; // the pointer draws by itself
      this.#spoken.textContent = "Corner set. Move to the opposite corner and press Enter again.";
      this.boxTool.setCorner(across, down);
      return;
    }
    const { people } = this;
    const person = this.view.personAt(across, down);
    people.choose(person === people.chosen ? null : person);
    if (isByKey && this.shown) {
      this.#spoken.textContent = people.chosen ? `Person ${people.chosen} is chosen` : "Everybody is chosen";
    }
  }
}
