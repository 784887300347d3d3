/** The service's calls, as this page makes them. */

import { Problem, problemOf, unreachable, unreadable } from "./problem.js";
import { parseServerTiming } from "./timing.js";

/** @typedef {import("./types.js").Model} Model */
/** @typedef {import("./types.js").Reply} Reply */

/** Times that a photo is sent anew while the service is too busy for it. */
const RETRIES = 5;

const ANALYZE = new URL("analyze?format=json", document.baseURI);
const MODEL = new URL("model", document.baseURI);

/**
 * Where photos go; next to this page, wherever a proxy puts it.
 *
 * @param {[number, number, number, number] | null} box where a person is, if somebody has said so: x, y, width, height
 */
export function analyzeUrl(box) {
  const url = new URL(ANALYZE);
  return box ? new URL(`${url.href}&box=${box.join(",")}`) : url;
}

/**
 * @param {string | null} key
 * @returns {Promise<Model>}
 */
export async function getModel(key) {
  return read(await (await call(MODEL, { headers: authorization(key) })).text());
}

/**
 * A photo to begin with.
 *
 * @returns {Promise<File>}
 */
export async function getExample() {
  const answer = await call(new URL("web/example.jpg", document.baseURI), {});
  return new File([await answer.blob()], "astronaut.jpg", { type: "image/jpeg" });
}

/**
 * Sends a photo; waits and sends it anew while the service says that it is busy.
 *
 * @param {File} photo
 * @param {object} options
 * @param {[number, number, number, number] | null} [options.box] where a person is, if somebody has said so
 * @param {string | null} options.key
 * @param {AbortSignal} options.signal
 * @param {(seconds: number) => void} [options.onBusy] told before each wait
 * @returns {Promise<Reply>}
 */
export async function analyze(photo, { box = null, key, signal, onBusy }) {
  for (let tries = 0; ; tries++) {
    try {
      return await send(photo, analyzeUrl(box), key, signal);
    } catch (error) {
      if (!(error instanceof Problem && error.status === 503 && error.retryAfter !== undefined)) throw error;
      if (tries === RETRIES) throw error;
      onBusy?.(error.retryAfter);
      await pause(error.retryAfter * 1000, signal);
    }
  }
}

/**
 * @param {File} photo
 * @param {URL} url
 * @param {string | null} key
 * @param {AbortSignal} signal
 * @returns {Promise<Reply>}
 */
async function send(photo, url, key, signal) {
  const body = new FormData();
  body.append("image", photo);
  const start = performance.now();
  const response = await call(url, { method: "POST", body, headers: authorization(key), signal });
  const text = await response.text();
  return {
    answer: read(text),
    text,
    milliseconds: performance.now() - start,
    stages: parseServerTiming(response.headers.get("Server-Timing")),
  };
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
 * @returns {Promise<Response>}
 */
async function call(url, options) {
  let response;
  try {
    response = await fetch(url, options);
  } catch (error) {
    if (error instanceof TypeError) throw unreachable();
    throw error;
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

/**
 * The header that shows a key. Headers carry bytes, so a key beyond ASCII goes as its UTF-8.
 *
 * @param {string | null} key
 * @returns {Record<string, string>}
 */
function authorization(key) {
  if (!key) return {};
  return { Authorization: `Bearer ${String.fromCharCode(...new TextEncoder().encode(key))}` };
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
