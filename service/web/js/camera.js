/** The camera, live: one request under way at a time, and always the newest frame. */

import { Problem } from "./problem.js";

/** Longest side of the frames that are sent: many times what the network looks at, and quick to send. */
const LONGEST = 640;
const QUALITY = 0.85;
/** Answers over which the rate is taken. */
const WINDOW = 12;

/**
 * @param {string | null} device the camera's id; null for whichever the browser offers first
 * @returns {Promise<MediaStream>} rejects with a Problem
 */
export async function openCamera(device) {
  if (!navigator.mediaDevices) {
    throw new Problem("No camera here", "Browsers open the camera only for https:// pages and for localhost.");
  }
  const camera = device ? { deviceId: { exact: device } } : { facingMode: "user" };
  try {
    return await navigator.mediaDevices.getUserMedia({ video: { ...camera, width: { ideal: 1280 } }, audio: false });
  } catch (error) {
    if (error instanceof DOMException && error.name === "NotAllowedError") {
      throw new Problem("The camera stays closed", "Allow this page to use it, in the browser’s address bar.");
    }
    throw new Problem("No camera", "None was found, or another program has it. Connect or free one and try again.");
  }
}

/**
 * The camera after this one, or null where there is only one.
 *
 * @param {MediaStream} stream
 * @returns {Promise<string | null>}
 */
export async function nextCamera(stream) {
  const current = stream.getVideoTracks()[0]?.getSettings().deviceId;
  const devices = await navigator.mediaDevices.enumerateDevices();
  const cameras = devices.filter(({ kind }) => kind === "videoinput").map(({ deviceId }) => deviceId);
  return cameras.length > 1 ? (cameras[(cameras.indexOf(current ?? "") + 1) % cameras.length] ?? null) : null;
}

/**
 * Whether people look into this camera as into a mirror: all do but those at a phone's back.
 *
 * @param {MediaStream} stream
 */
export function isMirror(stream) {
  return stream.getVideoTracks()[0]?.getSettings().facingMode !== "environment";
}

/**
 * Takes a frame, has it answered, and only then takes the next, until it is stopped by the signal or a problem. No queue can grow: a slow
 * service lowers the rate, never the freshness. What is shown is the frame that was answered, so that the mask fits.
 *
 * @param {object} options
 * @param {MediaStream} options.stream
 * @param {AbortSignal} options.signal
 * @param {(frame: HTMLCanvasElement, photo: File) => Promise<void>} options.onFrame resolves when the answer is shown
 * @param {(rate: number) => void} options.onRate frames a second
 * @returns {Promise<never>}
 */
export async function watch({ stream, signal, onFrame, onRate }) {
  const video = document.createElement("video");
  Object.assign(video, { srcObject: stream, muted: true, playsInline: true });
  const canvas = document.createElement("canvas");
  /** @type {number[]} */
  const times = [];
  try {
    await video.play();
    for (;;) {
      await nextFrame(video, signal);
      await onFrame(canvas, await capture(video, canvas));
      times.push(performance.now());
      if (times.length > WINDOW) times.shift();
      if (times.length > 1) onRate((times.length - 1) / ((Number(times.at(-1)) - Number(times[0])) / 1000));
    }
  } finally {
    stream.getTracks().forEach((track) => track.stop());
    video.srcObject = null;
  }
}

/**
 * @param {HTMLVideoElement} video
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
function nextFrame(video, signal) {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const stop = () => {
      video.cancelVideoFrameCallback(handle);
      reject(signal.reason);
    };
    const handle = video.requestVideoFrameCallback(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    });
    signal.addEventListener("abort", stop);
  });
}

/**
 * @param {HTMLVideoElement} video
 * @param {HTMLCanvasElement} canvas
 * @returns {Promise<File>}
 */
async function capture(video, canvas) {
  const scale = Math.min(1, LONGEST / Math.max(video.videoWidth, video.videoHeight));
  canvas.width = Math.round(video.videoWidth * scale);
  canvas.height = Math.round(video.videoHeight * scale);
  canvas.getContext("2d")?.drawImage(video, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
  return new File([blob], "frame.jpg", { type: "image/jpeg" });
}
