/** The live picture: the camera's frames with their answers, until it is stopped. */

import { isMirror, nextCamera, openCamera, watch } from "./camera.js";
import { byId } from "./dom.js";
import { say } from "./notices.js";
import { enter } from "./state.js";

/** @typedef {import("./types.js").Reply} Reply */

/** Time between two changes of the figures beside a live picture, in milliseconds: faster, nobody can read them. */
const READABLE = 250;

/**
 * Shows the camera's picture until the signal ends it. Rejects when the camera or an answer fails.
 *
 * @param {object} options
 * @param {import("./viewer.js").Viewer} options.viewer
 * @param {string | null} options.device the camera's id; null for whichever the browser offers first
 * @param {AbortSignal} options.signal
 * @param {() => void} options.stop
 * @param {(device: string) => void} options.onTurn asked for when the user wants the next camera
 * @param {(photo: File) => Promise<Reply>} options.ask
 */
export async function goLive({ viewer, device, signal, stop, onTurn, ask }) {
  const stream = await openCamera(device);
  if (signal.aborted) return stream.getTracks().forEach((track) => track.stop());
  stream.getVideoTracks()[0]?.addEventListener("ended", stop);
  viewer.view.clear();
  viewer.view.setMirrored(isMirror(stream));
  viewer.legend.setParts([], false);
  viewer.people.setPeople([]);
  viewer.forget();
  enter("live", null);
  say("The camera is live.");
  byId("stop", HTMLElement).focus();
  const next = await nextCamera(stream);
  const turn = byId("turn", HTMLButtonElement);
  turn.hidden = next === null;
  turn.onclick = () => next && onTurn(next);
  let described = -Infinity;
  await watch({
    stream,
    signal,
    onRate: (rate) => (byId("fps", HTMLElement).textContent = `${rate.toFixed(rate < 10 ? 1 : 0)} fps`),
    async onFrame(frame, photo) {
      await viewer.showFrame(frame, photo, await ask(photo), signal);
      if (performance.now() - described <= READABLE) return;
      described = performance.now();
      viewer.describe(true);
      byId("aside", HTMLElement).hidden = false;
    },
  });
}
