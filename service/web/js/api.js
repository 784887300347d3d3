/** The service's calls, as this page makes them. */

import { authorization, enlarge, shrink, shrinkBox, uploadWith } from "../client/jppnet.js";
import { Problem, problemOf, unreachable, unreadable } from "./problem.js";
import { parseServerTiming } from "./timing.js";

/** @typedef {import("./types.js").Model} Model */
/** @typedef {import("./types.js").Reply} Reply */

/** Times that a photo is sent anew while the service is too busy for it. */
const RETRIES = 5;

/** Longest side of an upload in pixels: the model sees a few hundred. */
const MAX_SIDE = 2048;
/**
 * The address of something of the service's: next to this page, wherever a proxy puts it.
 *
 * @param {string} path
 */
export function fileOf(path) {
  return new URL(`../../${path}`, import.meta.url);
}

/** @param {[number, number, number, number] | null} box where a person is, if somebody has said so: x, y, width, height */
function analyzeUrl(box) {
  return fileOf(`analyze?format=json${box ? `&box=${box.join(",")}` : ""}`);
}

/**
 * @param {string | null} key
 * @returns {Promise<Model>}
 */
export async function getModel(key) {
  return read(await (await call(fileOf("model"), { headers: authorization(key) })).text());
}

/**
 * A photo to begin with.
 *
 * @param {string} name one of examples.js
 * @returns {Promise<File>}
 */
export async function getExample(name) {
  const answer = await call(exampleUrl(name), {});
  return new File([await answer.blob()], `${name}.jpg`, { type: "image/jpeg" });
}

/** @param {string} name */
export function exampleUrl(name) {
  return new URL(`../examples/${name}.jpg`, import.meta.url);
}

/**
 * Makes a large photo smaller and sends it; waits and sends it anew while the service says that it is busy. The answer is
 * about the photo's own pixels, but for its masks, which have the size of what was sent.
 *
 * @param {File} photo
 * @param {object} options
 * @param {[number, number, number, number] | null} [options.box] where a person is, if somebody has said so
 * @param {string | null} options.key
 * @param {AbortSignal} options.signal
 * @param {(seconds: number) => void} [options.onBusy] told before each wait
 * @param {(share: number) => void} [options.onProgress] told how much of it is sent, 0–1
 * @returns {Promise<Reply>}
 */
export async function analyze(photo, { box = null, key, signal, onBusy, onProgress }) {
  const upload = await shrink(photo, MAX_SIDE, signal);
  const url = analyzeUrl(box && shrinkBox(box, upload.scale));
  const send = onProgress && uploadWith(({ loaded, total }) => onProgress(loaded / total));
  for (let tries = 0; ; tries++) {
    try {
      return await ask(url, { photo, upload, key, signal, send });
    } catch (error) {
      if (!(error instanceof Problem && error.status === 503 && error.retryAfter !== undefined)) throw error;
      if (tries === RETRIES) throw error;
      onBusy?.(error.retryAfter);
      await pause(error.retryAfter * 1000, signal);
    }
  }
}

/**
 * @param {URL} url
 * @param {object} options
 * @param {File} options.photo
 * @param {import("../client/jppnet.js").Upload} options.upload what is sent of it
 * @param {string | null} options.key
 * @param {AbortSignal} options.signal
 * @param {typeof fetch} [options.send]
 * @returns {Promise<Reply>}
 */
async function ask(url, { photo, upload, key, signal, send }) {
  const body = new FormData();
  body.append("image", upload.body, photo.name);
  const start = performance.now();
  const response = await call(url, { method: "POST", body, headers: authorization(key), signal }, send);
  const text = await response.text();
  const milliseconds = performance.now() - start;
  const stages = parseServerTiming(response.headers.get("Server-Timing"));
  const sent = upload.size ? read(text).image : null;
  const answer = enlarge(read(text), upload);
  return { answer, text: upload.size ? JSON.stringify(answer) : text, milliseconds, stages, sent };
}

/**
 * @param {string} text an answer's JSON
 * @returns {any}
 */
function read(text) {
  let answer;
  try {
    answer = JSON.parse(text);
  } catch {
    throw unreadable();
  }
  if (typeof answer !== "object" || answer === null) throw unreadable();
  return answer;
}

/**
 * @param {URL} url
 * @param {RequestInit} options
 * @param {typeof fetch} [send]
 * @returns {Promise<Response>}
 */
async function call(url, options, send = fetch) {
  let response;
  try {
    response = await send(url, options);
  } catch (error) {
    if (error instanceof TypeError) throw unreachable();
    throw error;
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

/**
 * @param {number} milliseconds
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => (clearTimeout(timer), reject(signal.reason)), { once: true });
  });
}
