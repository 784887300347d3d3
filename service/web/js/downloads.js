/** What the user can keep of an answer: mask, people, overlay, cutouts, JSON. Parts that are switched off are left out. */

import { byId, element } from "./dom.js";
import { bytesOf, download, renamed } from "./download.js";
import { filteredAnswer, maskFile, peopleFile, wantedLabels } from "./filter.js";
import { BACKGROUND } from "./legend.js";
import { drawCutout, drawOverlay, pictureFile, trimmed } from "./pictures.js";
import { words } from "./words.js";

/** @typedef {import("./viewer.js").Shown} Shown */
/** @typedef {import("./viewer.js").Viewer} Viewer */

/**
 * @typedef {object} Saved
 * @property {BlobPart} content
 * @property {string} type
 * @property {string} ending of the file's name
 */

/** @type {Record<string, (shown: Shown, viewer: Viewer) => Promise<Saved | null>>} */
const FILES = {
  async mask({ reply: { answer }, map }, { labels, isVisible }) {
    if (!map || !answer.mask) return null;
    const content = wantedLabels(labels, isVisible) ? await maskFile(map, labels, isVisible) : bytesOf(answer.mask);
    return { content, type: "image/png", ending: "-mask.png" };
  },

  async people({ reply: { answer }, map, owners }, { labels, isVisible }) {
    if (!answer.instances) return null;
    const isWhole = !map || !owners || !wantedLabels(labels, isVisible);
    const content = isWhole ? bytesOf(answer.instances) : await peopleFile(map, owners, isVisible);
    return { content, type: "image/png", ending: "-people.png" };
  },

  async overlay({ reply: { answer } }, { view }) {
    const canvas = drawOverlay(view.photo, answer, view.visibleMask, view.hasSkeleton);
    return { content: await pictureFile(canvas, "image/jpeg"), type: "image/jpeg", ending: "-overlay.jpg" };
  },

  async cutout(shown, viewer) {
    return cutout(shown, viewer, viewer.isVisible, "-cutout.png");
  },

  async garment(shown, viewer) {
    const select = byId("garment", HTMLSelectElement);
    const id = Number(select.value);
    const name = select.selectedOptions[0]?.textContent?.replaceAll(" ", "-") ?? "part";
    return cutout(shown, viewer, (other) => other === id, `-${name}.png`, true);
  },

  async json({ reply, ...planes }, { labels, isVisible }) {
    const isWhole = !labels.length || !wantedLabels(labels, isVisible);
    const content = isWhole ? reply.text : JSON.stringify(await filteredAnswer(reply.answer, planes, labels, isVisible));
    return { content, type: "application/json", ending: ".json" };
  },
};

/**
 * The photo with all but some parts transparent; of the person who is chosen, if one is.
 *
 * @param {Shown} shown
 * @param {Viewer} viewer
 * @param {(id: number) => boolean} isWanted
 * @param {string} ending
 * @param {boolean} [isTrimmed]
 */
async function cutout({ reply: { answer }, map, owners }, { view, people }, isWanted, ending, isTrimmed = false) {
  if (!map) return null;
  const { chosen } = people;
  const isKept = (/** @type {number} */ place) => {
    const id = map.values[place] ?? BACKGROUND;
    return id !== BACKGROUND && isWanted(id) && (!owners || chosen === null || owners.values[place] === chosen);
  };
  const canvas = drawCutout(view.photo, answer.image, map, isKept);
  return { content: await pictureFile(isTrimmed ? trimmed(canvas) : canvas, "image/png"), type: "image/png", ending };
}

/** @param {Viewer} viewer */
export function installDownloads(viewer) {
  for (const button of buttons()) {
    button.addEventListener("click", async () => {
      const { shown } = viewer;
      const saved = shown && (await FILES[button.dataset.save ?? ""]?.(shown, viewer));
      if (shown && saved) download(saved.content, saved.type, renamed(shown.photo.name, saved.ending));
    });
  }
  viewer.legend.addEventListener("change", () => offerDownloads(viewer));
}

/**
 * Offers what there is of the answer that is shown.
 *
 * @param {Viewer} viewer
 */
export function offerDownloads({ shown, labels, isVisible }) {
  if (!shown) return;
  const { answer } = shown.reply;
  const hasParts = labels.some(({ id }) => id !== BACKGROUND && isVisible(id));
  for (const button of buttons()) {
    const kind = button.dataset.save;
    if (kind === "people") button.hidden = !answer.instances || answer.people.length < 2;
    if (kind === "mask" || kind === "people" || kind === "cutout") {
      button.disabled = !hasParts;
      button.title = hasParts ? "" : "All parts are switched off.";
    }
  }
  const select = byId("garment", HTMLSelectElement);
  const before = select.value;
  const parts = answer.labels.filter(({ id }) => id !== BACKGROUND).sort((a, b) => b.pixels - a.pixels);
  select.replaceChildren(...parts.map(({ id, name }) => Object.assign(element("option", "", words(name)), { value: String(id) })));
  if (parts.some(({ id }) => String(id) === before)) select.value = before;
  select.parentElement?.toggleAttribute("hidden", !parts.length);
}

function buttons() {
  return document.querySelectorAll(/** @type {"button"} */ ("button[data-save]"));
}
