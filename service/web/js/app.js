/** The page: a photo comes in, goes to the service, and its answer is shown. */

import { analyze, analyzeUrl, getExample, getModel } from "./api.js";
import { BoxTool } from "./box.js";
import { installCall, showCall } from "./call.js";
import { isMirror, nextCamera, openCamera, watch } from "./camera.js";
import { byId } from "./dom.js";
import { bytesOf, download, renamed } from "./download.js";
import { installIntake } from "./intake.js";
import { linkJoints, listJoints } from "./joints.js";
import { askForKey, storedKey } from "./key.js";
import { BACKGROUND, Legend } from "./legend.js";
import { complain, hush, say } from "./notices.js";
import { People } from "./people.js";
import { readPlane } from "./png.js";
import { installProbe } from "./probe.js";
import { Problem } from "./problem.js";
import { installSwitches } from "./switches.js";
import { showTiming } from "./timing.js";
import { View } from "./view.js";
import { counted, milliseconds, titleOf } from "./words.js";

/** @typedef {import("./types.js").Reply} Reply */
/** @typedef {[number, number, number, number]} PhotoBox x, y, width, height in pixels of the upright photo */

/** Time between two changes of the figures beside a live picture, in milliseconds: faster, nobody can read them. */
const READABLE = 250;

const main = byId("main", HTMLElement);
const buttons = {
  live: byId("live", HTMLButtonElement),
  stop: byId("stop", HTMLButtonElement),
  turn: byId("turn", HTMLButtonElement),
  whole: byId("whole", HTMLButtonElement),
  saveMask: byId("save-mask", HTMLButtonElement),
  savePeople: byId("save-people", HTMLButtonElement),
  saveJson: byId("save-json", HTMLButtonElement),
};
const view = new View();
const legend = new Legend(byId("legend", HTMLUListElement));
const people = new People(byId("people-panel", HTMLElement), byId("people", HTMLElement));
const spoken = byId("spoken", HTMLElement);
const drawBox = byId("draw-box", HTMLInputElement);
const boxTool = new BoxTool({ surface: view.surface, frame: byId("box", HTMLElement), onBox: askAboutBox });

/** @type {import("./types.js").Label[]} the model's; none until it is known, or where it has none */
let labels = [];
let isModelKnown = false;
/** What is under way; whatever begins next ends it. */
let current = new AbortController();
/** @type {{photo: File, box: PhotoBox | null, reply: Reply} | null} what is shown */
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
  buttons.savePeople.hidden = state !== "done" || !shown?.reply.answer.instances || shown.reply.answer.people.length < 2;
  buttons.whole.hidden = state !== "done" || !shown?.box;
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
    card.detector ? "everybody in a photo" : "one person a photo",
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
 * @param {PhotoBox | null} [box] where a person is, if that was said
 */
async function take(photo, box = null) {
  const signal = begin();
  boxTool.show(null);
  enter("busy");
  say("Reading the photo…");
  const preview = view.showPhoto(photo).then(() => true, () => false);
  const onBusy = (/** @type {number} */ seconds) => say(`The service is busy. Trying again in ${seconds} s…`);
  try {
    await meet();
    signal.throwIfAborted();
    const reply = await analyze(photo, { box, key: storedKey(), signal, onBusy });
    await show(photo, box, reply, signal);
    enter("done");
    say(outcome(reply, box));
  } catch (error) {
    if (signal.aborted) return;
    enter((await preview) ? "failed" : "empty");
    await fail(error, () => take(photo, box));
  }
}

/**
 * What is said when an answer is there.
 *
 * @param {Reply} reply
 * @param {PhotoBox | null} box
 */
function outcome({ answer, milliseconds: total }, box) {
  if (answer.people.length) return `Done in ${milliseconds(total)}.`;
  if (box) return "Nobody was found in this box.";
  return "Nobody was found in this photo. If there is somebody, draw a box around them.";
}

/**
 * Shows an answer.
 *
 * @param {File} photo
 * @param {PhotoBox | null} box
 * @param {Reply} reply
 * @param {AbortSignal} signal
 */
async function show(photo, box, reply, signal) {
  await showPlanes(photo, box, reply, signal);
  if (box) {
    const { width, height } = reply.answer.image;
    const [x, y, w, h] = box;
    boxTool.show({ left: x / width, top: y / height, right: (x + w) / width, bottom: (y + h) / height });
  }
  people.setPeople(reply.answer.people);
  describe(false);
  paint();
}

/**
 * Reads an answer's mask and instances, and gives them to the view.
 *
 * @param {File} photo
 * @param {PhotoBox | null} box
 * @param {Reply} reply
 * @param {AbortSignal} signal
 * @param {() => void} [before] done before the view has the answer
 */
async function showPlanes(photo, box, reply, signal, before) {
  const { answer } = reply;
  const map = answer.mask === undefined ? null : await readPlane(bytesOf(answer.mask));
  const owners = answer.instances ? await readPlane(bytesOf(answer.instances)) : null;
  signal.throwIfAborted();
  shown = { photo, box, reply };
  before?.();
  view.showAnswer(answer, map, owners);
}

/**
 * Has the model look at a box that was drawn.
 *
 * @param {import("./box.js").Box} box
 */
function askAboutBox(box) {
  drawBox.checked = false;
  switchDrawing();
  if (shown) void take(shown.photo, view.toPixels(box));
  else boxTool.show(null);
}

function switchDrawing() {
  boxTool.setOn(drawBox.checked);
  view.stage.classList.toggle("boxing", drawBox.checked);
}

/**
 * Writes what there is to say about what is shown.
 *
 * @param {boolean} isLive
 */
function describe(isLive) {
  if (!shown) return;
  const { answer, stages, milliseconds: total } = shown.reply;
  describeFocus(isLive);
  const places = { bar: byId("bar", HTMLElement), list: byId("stages", HTMLElement), total: byId("total", HTMLElement) };
  showTiming(places, stages, total);
  const parts = answer.labels.filter(({ id }) => id !== BACKGROUND).length;
  byId("summary", HTMLElement).textContent = [
    `${answer.image.width} × ${answer.image.height} px`,
    ...(labels.length ? [counted(parts, "part", "parts")] : []),
    answer.people.length ? counted(answer.people.length, "person", "people") : "nobody found",
  ].join(" · ");
  showCall(answer, { url: analyzeUrl(shown.box), file: shown.photo.name, hasKey: storedKey() !== null });
}

/**
 * Lists the parts of the person who is looked at, or everybody's; and the joints of one person.
 *
 * @param {boolean} isLive
 */
function describeFocus(isLive) {
  if (!shown) return;
  const { answer } = shown.reply;
  legend.setParts(partsOf(people.focus), isLive);
  listJoints(byId("joints", HTMLElement), answer.people, people.focus);
}

/** @param {number | null} person the number; null for everybody */
function partsOf(person) {
  const answer = shown?.reply.answer;
  return (person === null ? undefined : answer?.people[person - 1]?.labels) ?? answer?.labels ?? [];
}

function paint() {
  const isVisible = (/** @type {number} */ id) => legend.isVisible(id);
  const chosen = legend.chosen ?? pointed;
  view.paint({
    labels,
    isVisible,
    chosen: chosen !== null && isVisible(chosen) ? chosen : null,
    focus: people.focus,
  });
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
    people.setPeople([]); // from frame to frame, a number may be another person's
    boxTool.show(null);
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
        await showPlanes(photo, null, reply, signal, () => view.showFrame(frame));
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
  people.setPeople(shown?.reply.answer.people ?? []);
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

/**
 * What is at a place of the photo; its person is looked at, and its part stands out.
 *
 * @param {number} across
 * @param {number} down
 */
function lookAt(across, down) {
  boxTool.move(across, down);
  const person = view.personAt(across, down);
  people.point(boxTool.isOn ? null : person);
  const id = view.labelAt(across, down);
  const part = partsOf(person).find((part) => part.id === id);
  // In a group it is first the whole person who stands out, and only of a person who is chosen the part.
  markPart(part && id !== BACKGROUND ? id : null, person === null || person === people.chosen);
  return part && { part, person };
}

/**
 * @param {number | null} id
 * @param {boolean} standsOut
 */
function markPart(id, standsOut) {
  legend.mark(id);
  const before = pointed;
  pointed = standsOut ? id : null;
  if (pointed !== before) paint();
}

/**
 * Chooses the person at a place of the photo, or everybody again; or sets a corner of the box that is being drawn.
 *
 * @param {number} across
 * @param {number} down
 * @param {boolean} isByKey
 */
function press(across, down, isByKey) {
  if (boxTool.isOn) {
    if (!isByKey) return; // the pointer draws by itself
    spoken.textContent = "Corner set. Move to the opposite corner and press Enter again.";
    boxTool.setCorner(across, down);
    return;
  }
  const person = view.personAt(across, down);
  people.choose(person === people.chosen ? null : person);
  if (isByKey && shown) spoken.textContent = people.chosen ? `Person ${people.chosen} is chosen` : "Everybody is chosen";
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
    spoken,
    find: lookAt,
    onLeave: () => {
      people.point(null);
      markPart(null, false);
    },
    onPress: press,
  });
  people.addEventListener("change", () => {
    describeFocus(false);
    paint();
  });
  drawBox.addEventListener("change", switchDrawing);
  switchDrawing();
  view.surface.addEventListener("keydown", ({ key }) => key === "Escape" && boxTool.cancel());
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
  buttons.savePeople.addEventListener("click", () => {
    const instances = shown?.reply.answer.instances;
    if (shown && instances) download(bytesOf(instances), "image/png", renamed(shown.photo.name, "-people.png"));
  });
  buttons.whole.addEventListener("click", () => {
    if (shown) void take(shown.photo);
  });
  buttons.saveJson.addEventListener("click", () => {
    if (shown) download(shown.reply.text, "application/json", renamed(shown.photo.name, ".json"));
  });
}

install();
void start();
