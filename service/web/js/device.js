/** Answers that are computed in this browser, with the service's model: photos do not leave it. */

import { LocalJppnet } from "../client/jppnet.js";
import { fileOf } from "./api.js";
import { Problem } from "./problem.js";

/** @typedef {import("./types.js").Reply} Reply */

const WORKER = new URL("../client/worker.js", import.meta.url).href;
/** The one address that the page's content-security policy lets become a script. */
const policy = /** @type {any} */ (globalThis).trustedTypes?.createPolicy("jppnet-worker", {
  createScriptURL: () => WORKER,
});

export class Device {
  /** @type {{client: LocalJppnet, key: string | null} | null} */
  #opened = null;
  #onDownload = (/** @type {number | null} */ _share) => {};

  /**
   * @param {boolean} hasDetector whether the service looks for everybody
   * @param {number} maxPeople whom it answers at most
   */
  constructor(hasDetector, maxPeople) {
    this.hasDetector = hasDetector;
    this.maxPeople = maxPeople;
  }

  /**
   * @param {File} photo
   * @param {object} options
   * @param {[number, number, number, number] | null} [options.box] where a person is, if somebody has said so
   * @param {string | null} options.key for the model's files
   * @param {AbortSignal} options.signal
   * @param {(share: number | null) => void} [options.onDownload] told while the model's files come, 0–1
   * @returns {Promise<Reply>}
   */
  async analyze(photo, { box = null, key, signal, onDownload = () => {} }) {
    this.#onDownload = onDownload;
    try {
      const client = this.#open(key);
      await client.load({ signal });
      const start = performance.now();
      const answer = await client.analyze(photo, { signal, ...(box && { boxes: [box] }) });
      const milliseconds = performance.now() - start;
      return { answer: /** @type {any} */ (answer), text: JSON.stringify(answer), milliseconds, stages: [], sent: null };
    } catch (error) {
      if (signal.aborted) throw error;
      throw problemOf(error);
    }
  }

  /** @param {string | null} key */
  #open(key) {
    if (this.#opened?.key === key) return this.#opened.client;
    this.#opened?.client.close();
    const client = new LocalJppnet(fileOf("model/file"), {
      ...(this.hasDetector && { detector: fileOf("model/detector/file").href }),
      maxPeople: this.maxPeople,
      ...(key && { apiKey: key }),
      provider: "wasm",
      wasm: new URL("../client/ort.wasm.gz", import.meta.url).href,
      worker: () => new Worker(policy?.createScriptURL("") ?? WORKER, { type: "module" }),
      onDownload: ({ loaded, total }) => this.#onDownload(total ? loaded / total : null),
    });
    this.#opened = { client, key };
    return client;
  }
}

/** @param {any} error */
function problemOf(error) {
  if (typeof error?.title === "string" && typeof error.detail === "string") return new Problem(error.title, error.detail);
  return new Problem("The model does not run in this browser", `${error?.message ?? error} Switch “On this device” off.`);
}
