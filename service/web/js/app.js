/** The page: a photo comes in, is answered by the service or on this device, and its answer is shown. */

import { analyze, getExample, getModel } from "./api.js";
import { installCall } from "./call.js";
import { copyBy } from "./copy.js";
import { Device } from "./device.js";
import { byId } from "./dom.js";
import { installDownloads, offerDownloads } from "./downloads.js";
import { isExample, listExamples } from "./examples.js";
import { installIntake } from "./intake.js";
import { linkJoints } from "./joints.js";
import { askForKey, storedKey } from "./key.js";
import { BACKGROUND } from "./legend.js";
import { goLive } from "./live.js";
import { complain, hush, say, showProgress } from "./notices.js";
import { installProbe } from "./probe.js";
import { Problem } from "./problem.js";
import { linkTo, readSettings } from "./settings.js";
import { currentState, enter } from "./state.js";
import { Strip } from "./strip.js";
import { installSwitches } from "./switches.js";
import { Task } from "./task.js";
import { Viewer } from "./viewer.js";
import { counted, milliseconds, percent, titleOf } from "./words.js";

/** @typedef {import("./types.js").Reply} Reply */
/** @typedef {import("./viewer.js").PhotoBox} PhotoBox */
/** @typedef {{photo: File, box: PhotoBox | null, example: string | null}} Asked */

const wish = readSettings();
const task = new Task();
const drawBox = byId("draw-box", HTMLInputElement);
const onDevice = byId("on-device", HTMLInputElement);
const viewer = new Viewer((box) => {
  drawBox.checked = false;
  switchDrawing();
  if (viewer.shown) void take({ ...viewer.shown, box });
});
const strip = new Strip((photo) => void take({ photo, box: null, example: null }));
/** @type {Device | null} made when it is first wanted */
let device = null;

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
  if (viewer.model) return;
  const model = await getModel(storedKey());
  if (viewer.model) return;
  viewer.model = model;
  const { labels, joints } = model;
  viewer.legend.setLabels(labels, model.metrics?.label_iou ?? {}, wish.hidden);
  showWhatIsFor("labels", labels.length > 0);
  showWhatIsFor("joints", joints.length > 0);
  byId("model", HTMLElement).textContent = [
    `${titleOf(model)} on ${model.provider}`,
    ...(labels.length ? [counted(labels.filter(({ id }) => id !== BACKGROUND).length, "part", "parts")] : []),
    ...(joints.length ? [counted(joints.length, "joint", "joints")] : []),
    model.detector ? "everybody in a photo" : "one person a photo",
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
    if (isExample(wish.example)) await takeExample(String(wish.example), wish.box);
  } catch (error) {
    await fail(error, start);
  }
}

/**
 * Shows photos, and the first one's answer as soon as there is one.
 *
 * @param {File[]} photos
 * @param {string | null} [example] the photo's name, if it is one
 * @param {PhotoBox | null} [box] where a person is, if that was said
 */
async function takeAll(photos, example = null, box = null) {
  const [photo] = photos;
  if (!photo) return;
  strip.setPhotos(photos);
  await take({ photo, box, example });
}

/**
 * Shows a photo, and its answer as soon as there is one.
 *
 * @param {Asked} asked
 */
async function take({ photo, box, example }) {
  const asked = { photo, box, example };
  const signal = task.begin();
  hush();
  viewer.forget();
  enter("busy", null);
  say("Reading the photo…");
  const preview = viewer.view.showPhoto(photo).then(() => true, () => false);
  try {
    await meet();
    signal.throwIfAborted();
    const reply = (box ? undefined : strip.replyTo(photo)) ?? (await answerTo(asked, signal));
    await preview;
    await viewer.show(asked, reply, signal);
    if (!box) strip.keep(photo, reply);
    enter("done", viewer.shown);
    offerDownloads(viewer);
    rememberSettings();
    say(outcome(reply, box));
  } catch (error) {
    if (!task.isCurrent(signal)) return; // something else has begun
    enter((await preview) || strip.isShown ? "failed" : "empty", null);
    if (signal.aborted) return say("Cancelled.");
    strip.mark(photo, "failed");
    await fail(error, () => take(asked));
  }
}

/**
 * The answer of the service, or of this device.
 *
 * @param {Asked} asked
 * @param {AbortSignal} signal
 * @returns {Promise<Reply>}
 */
function answerTo({ photo, box }, signal) {
  const key = storedKey();
  if (onDevice.checked) {
    device ??= new Device(Boolean(viewer.model?.detector), viewer.model?.max_people ?? 1);
    say("Computing on this device…");
    const onDownload = (/** @type {number | null} */ share) => {
      showProgress(share);
      say(share === 1 ? "Computing on this device…" : "Fetching the model, once…");
    };
    return device.analyze(photo, { box, key, signal, onDownload });
  }
  return analyze(photo, {
    box,
    key,
    signal,
    onBusy: (seconds) => say(`The service is busy. Trying again in ${seconds} s…`),
    onProgress: (share) => {
      showProgress(share < 1 ? share : null);
      say(share < 1 ? `Uploading: ${percent(share)}` : "Reading the photo…");
    },
  });
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
 * @param {string} name
 * @param {PhotoBox | null} [box]
 */
async function takeExample(name, box = null) {
  const signal = task.begin();
  try {
    const photo = await getExample(name);
    if (!signal.aborted) await takeAll([photo], name, box);
  } catch (error) {
    await fail(error, () => takeExample(name, box));
  }
}

/**
 * The camera, until it is stopped; then its last frame is an answered photo like any other.
 *
 * @param {string | null} camera
 */
async function takeLive(camera) {
  const signal = task.begin();
  hush();
  say("Opening the camera…");
  try {
    await meet();
    strip.setPhotos([]);
    const ask = (/** @type {File} */ photo) => {
      if (onDevice.checked) return answerTo({ photo, box: null, example: null }, signal);
      return analyze(photo, { key: storedKey(), signal });
    };
    const stop = () => task.isCurrent(signal) && task.cancel();
    await goLive({ viewer, device: camera, signal, stop, onTurn: takeLive, ask });
  } catch (error) {
    if (!task.isCurrent(signal)) return; // something else has begun
    enter(viewer.shown ? "done" : "empty", viewer.shown);
    viewer.settle();
    offerDownloads(viewer);
    say(viewer.shown ? "The camera is off. This is its last frame." : "");
    byId("live", HTMLElement).focus();
    if (!signal.aborted) await fail(error, () => takeLive(camera));
  }
}

function switchDrawing() {
  viewer.boxTool.setOn(drawBox.checked);
  viewer.view.stage.classList.toggle("boxing", drawBox.checked);
}

/** Ends the drawing of a box, an upload or the camera: what is nearest at hand. */
function escape() {
  if (drawBox.checked) {
    if (!viewer.boxTool.isDrawing) drawBox.checked = false;
    switchDrawing();
  } else if (currentState() === "busy" || currentState() === "live") {
    task.cancel();
  }
}

/** The address that shows what is shown now, as far as it is no photo of the user's own. */
function currentLink() {
  const hidden = viewer.model ? viewer.legend.hiddenNames() : wish.hidden;
  return linkTo({ hidden, example: viewer.shown?.example ?? null, box: viewer.shown?.box ?? null });
}

function rememberSettings() {
  history.replaceState(null, "", currentLink());
}

function copyLink() {
  rememberSettings();
  const thanks = viewer.shown?.example ? "Copied" : "Copied: settings, without the photo";
  return copyBy(byId("link", HTMLButtonElement), location.href, thanks);
}

/**
 * @param {string} id
 * @param {() => unknown} act
 */
function onClick(id, act) {
  byId(id, HTMLButtonElement).addEventListener("click", act);
}

function install() {
  installSwitches(viewer.view.stage);
  installCall();
  installDownloads(viewer);
  listExamples(byId("examples", HTMLElement), takeExample);
  installIntake({
    inputs: [byId("pick", HTMLInputElement), byId("shoot", HTMLInputElement)],
    curtain: byId("drop", HTMLElement),
    onPhotos: takeAll,
    onNothing: () => complain(new Problem("No file", "Drop a picture’s file. Addresses of pictures are not fetched.")),
  });
  installProbe({
    surface: viewer.view.surface,
    readout: byId("readout", HTMLElement),
    cross: byId("cross", HTMLElement),
    spoken: byId("spoken", HTMLElement),
    find: (across, down) => viewer.lookAt(across, down),
    onLeave: () => viewer.lookAway(),
    onPress: (across, down, isByKey) => viewer.press(across, down, isByKey),
  });
  linkJoints(byId("joints", HTMLElement), viewer.view.skeleton);
  drawBox.addEventListener("change", switchDrawing);
  switchDrawing();
  document.addEventListener("keydown", ({ key }) => key === "Escape" && escape());
  document.addEventListener("change", rememberSettings);
  viewer.legend.addEventListener("change", rememberSettings);
  addEventListener("hashchange", () => location.reload());
  onDevice.addEventListener("change", () => {
    strip.forget();
    if (viewer.shown) void take(viewer.shown);
  });
  onClick("all", () => viewer.legend.setAll(true));
  onClick("none", () => viewer.legend.setAll(false));
  onClick("live", () => takeLive(null));
  for (const id of ["stop", "cancel"]) onClick(id, () => task.cancel());
  onClick("whole", () => viewer.shown && void take({ ...viewer.shown, box: null }));
  onClick("link", copyLink);
}

install();
void start();
