/** The page: a photo comes in, goes to the service, and its answer is shown. */

import { analyze, getExample, getModel } from "./api.js";
import { installCall, showCall } from "./call.js";
import { isMirror, nextCamera, openCamera, watch } from "./camera.js";
import { byId } from "./dom.js";
import { bytesOf, download, renamed } from "./download.js";
import { installIntake } from "./intake.js";
import { linkJoints, listJoints } from "./joints.js";
import { askForKey, storedKey } from "./key.js";
import { BACKGROUND, Legend } from "./legend.js";
import { complain, hush, say } from "./notices.js";
import { readLabelMap } from "./png.js";
import { installProbe } from "./probe.js";
import { Problem } from "./problem.js";
import { installSwitches } from "./switches.js";
import { showTiming } from "./timing.js";
import { View } from "./view.js";
import { counted, milliseconds, titleOf } from "./words.js";

/** @typedef {import("./types.js").Reply} Reply */

/** Time between two changes of the figures beside a live picture, in milliseconds: faster, nobody can read them. */
const READABLE = 250;

const main = byId("main", HTMLElement);
const buttons = {
  live: byId("live", HTMLButtonElement),
  stop: byId("stop", HTMLButtonElement),
  turn: byId("turn", HTMLButtonElement),
  saveMask: byId("save-mask", HTMLButtonElement),
  saveJson: byId("save-json", HTMLButtonElement),
};
const view = new View();
const legend = new Legend(byId("legend", HTMLUListElement));

/** @type {import("./types.js").Label[]} the model's; none until it is known, or where it has none */
let labels = [];
let isModelKnown = false;
/** What is under way; whatever begins next ends it. */
let current = new AbortController();
/** @type {{photo: File, reply: Reply} | null} what is shown */
let shown = null;
/** @type {number | null} the part under the pointer */
let pointed = null;

/** Ends what is under way, and begins something else. */
function begin() {
  current.abort();
  current = new AbortController();
  hush();
  return current.signal;
}

/** @param {"empty" | "busy" | "failed" | "done" | "live"} state */
function enter(state) {
  main.dataset.state = state;
  if (state !== "live" && state !== "done") shown = null;
  byId("work", HTMLElement).hidden = state === "empty";
  byId("aside", HTMLElement).hidden = shown === null;
  byId("call", HTMLElement).hidden = state !== "done";
  buttons.saveJson.hidden = state !== "done";
  buttons.saveMask.hidden = state !== "done" || !labels.length;
  buttons.stop.hidden = byId("fps", HTMLElement).hidden = state !== "live";
  buttons.turn.hidden = true;
  if (!shown) byId("summary", HTMLElement).textContent = "";
}

/**
 * Says what went wrong. A missing key is asked for; then, or when the user says so, it is tried again.
 *
 * @param {unknown} error
 * @param {() => void} again
 */
async function fail(error, again) {
  if (!(error instanceof Problem)) {
    complain(new Problem("This page has a fault", String(error)));
    throw error;
  }
  if (error.status === 401) {
    say("");
    await askForKey(storedKey() ? error.detail : "Whoever runs it can give you one.");
    again();
  } else {
    complain(error, error.status === 0 || error.status >= 500 ? again : undefined);
  }
}

/** Learns the model's labels and joints, where they are not known yet. */
async function meet() {
  if (isModelKnown) return;
  const card = await getModel(storedKey());
  if (isModelKnown) return;
  isModelKnown = true;
  ({ labels } = card);
  legend.setLabels(labels);
  showWhatIsFor("labels", labels.length > 0);
  showWhatIsFor("joints", card.joints.length > 0);
  byId("model", HTMLElement).textContent = [
    `${titleOf(card)} on ${card.provider}`,
    ...(labels.length ? [counted(labels.filter(({ id }) => id !== BACKGROUND).length, "part", "parts")] : []),
    ...(card.joints.length ? [counted(card.joints.length, "joint", "joints")] : []),
  ].join(" · ");
}

/**
 * Shows what the page has for labels or for joints, or hides it where the model has none.
 *
 * @param {"labels" | "joints"} what
 * @param {boolean} isThere
 */
function showWhatIsFor(what, isThere) {
  for (const place of document.querySelectorAll(`[data-for=${what}]`)) place.toggleAttribute("hidden", !isThere);
}

async function start() {
  hush();
  try {
    await meet();
  } catch (error) {
    await fail(error, start);
  }
}

/**
 * Shows a photo, and its answer as soon as there is one.
 *
 * @param {File} photo
 */
async function take(photo) {
  const signal = begin();
  enter("busy");
  say("Reading the photo…");
  const preview = view.showPhoto(photo).then(() => true, () => false);
  const onBusy = (/** @type {number} */ seconds) => say(`The service is busy. Trying again in ${seconds} s…`);
  try {
    await meet();
    signal.throwIfAborted();
    const reply = await analyze(photo, { key: storedKey(), signal, onBusy });
    await show(photo, reply, signal);
    enter("done");
    say(`Done in ${milliseconds(reply.milliseconds)}.`);
  } catch (error) {
    if (signal.aborted) return;
    enter((await preview) ? "failed" : "empty");
    await fail(error, () => take(photo));
  }
}

/**
 * Shows an answer.
 *
 * @param {File} photo
 * @param {Reply} reply
 * @param {AbortSignal} signal
 */
async function show(photo, reply, signal) {
  const map = await labelMapOf(reply.answer);
  signal.throwIfAborted();
  shown = { photo, reply };
  view.showAnswer(reply.answer, map);
  describe(false);
  paint();
}

/**
 * The label map of an answer; null from a model without labels.
 *
 * @param {import("./types.js").Answer} answer
 */
async function labelMapOf({ mask }) {
  return mask === undefined ? null : await readLabelMap(bytesOf(mask));
}

/**
 * Writes what there is to say about what is shown.
 *
 * @param {boolean} isLive
 */
function describe(isLive) {
  if (!shown) return;
  const { answer, stages, milliseconds: total } = shown.reply;
  legend.setParts(answer.labels, isLive);
  listJoints(byId("joints", HTMLElement), answer.people);
  const places = { bar: byId("bar", HTMLElement), list: byId("stages", HTMLElement), total: byId("total", HTMLElement) };
  showTiming(places, stages, total);
  const parts = answer.labels.filter(({ id }) => id !== BACKGROUND).length;
  byId("summary", HTMLElement).textContent = [
    `${answer.image.width} × ${answer.image.height} px`,
    ...(labels.length ? [counted(parts, "part", "parts")] : []),
    counted(answer.people.length, "person", "people"),
  ].join(" · ");
  showCall(answer, shown.photo.name, storedKey() !== null);
}

function paint() {
  const isVisible = (/** @type {number} */ id) => legend.isVisible(id);
  const chosen = legend.chosen ?? pointed;
  view.paint(labels, isVisible, chosen !== null && isVisible(chosen) ? chosen : null);
}

/**
 * The camera, until it is stopped; then its last frame is an answered photo like any other.
 *
 * @param {string | null} device
 */
async function goLive(device) {
  const signal = begin();
  const stop = current;
  say("Opening the camera…");
  try {
    await meet();
    const stream = await openCamera(device);
    if (signal.aborted) return stream.getTracks().forEach((track) => track.stop());
    stream.getVideoTracks()[0]?.addEventListener("ended", () => stop.abort());
    view.clear();
    view.setMirrored(isMirror(stream));
    legend.setParts([], false);
    shown = null;
    enter("live");
    say("The camera is live.");
    buttons.stop.focus();
    const next = await nextCamera(stream);
    buttons.turn.hidden = next === null;
    buttons.turn.onclick = () => goLive(next);
    let described = -Infinity;
    await watch({
      stream,
      signal,
      onRate: (rate) => (byId("fps", HTMLElement).textContent = `${rate.toFixed(rate < 10 ? 1 : 0)} fps`),
      async onFrame(frame, photo) {
        const reply = await analyze(photo, { key: storedKey(), signal });
        const map = await labelMapOf(reply.answer);
        signal.throwIfAborted();
        shown = { photo, reply };
        view.showFrame(frame);
        view.showAnswer(reply.answer, map);
        if (performance.now() - described > READABLE) {
          described = performance.now();
          describe(true);
          byId("aside", HTMLElement).hidden = false;
        }
        paint();
      },
    });
  } catch (error) {
    if (current !== stop) return; // something else has begun
    settle();
    if (!signal.aborted) await fail(error, () => goLive(device));
  }
}

/** Leaves the live picture as it is. */
function settle() {
  enter(shown ? "done" : "empty");
  describe(false);
  paint();
  say(shown ? "The camera is off. This is its last frame." : "");
  buttons.live.focus();
}

async function takeExample() {
  const signal = begin();
  try {
    const photo = await getExample();
    if (!signal.aborted) await take(photo);
  } catch (error) {
    await fail(error, takeExample);
  }
}

function install() {
  installSwitches(view.stage);
  installCall();
  installIntake({
    inputs: [byId("pick", HTMLInputElement), byId("shoot", HTMLInputElement)],
    curtain: byId("drop", HTMLElement),
    onPhoto: take,
    onNothing: () => complain(new Problem("No file", "Drop a picture’s file. Addresses of pictures are not fetched.")),
  });
  installProbe({
    surface: view.surface,
    readout: byId("readout", HTMLElement),
    cross: byId("cross", HTMLElement),
    spoken: byId("spoken", HTMLElement),
    partAt: (across, down) => {
      const id = view.labelAt(across, down);
      return shown?.reply.answer.labels.find((part) => part.id === id);
    },
    onPart: (part) => {
      const id = part && part.id !== BACKGROUND ? part.id : null;
      if (id === pointed) return;
      pointed = id;
      legend.mark(id);
      paint();
    },
  });
  linkJoints(byId("joints", HTMLElement), view.skeleton);
  legend.addEventListener("change", paint);
  legend.addEventListener("choose", paint);
  byId("all", HTMLButtonElement).addEventListener("click", () => legend.setAll(true));
  byId("none", HTMLButtonElement).addEventListener("click", () => legend.setAll(false));
  byId("example", HTMLButtonElement).addEventListener("click", takeExample);
  buttons.live.addEventListener("click", () => goLive(null));
  buttons.stop.addEventListener("click", () => current.abort());
  buttons.saveMask.addEventListener("click", () => {
    const mask = shown?.reply.answer.mask;
    if (shown && mask) download(bytesOf(mask), "image/png", renamed(shown.photo.name, "-mask.png"));
  });
  buttons.saveJson.addEventListener("click", () => {
    if (shown) download(shown.reply.text, "application/json", renamed(shown.photo.name, ".json"));
  });
}

install();
void start();
