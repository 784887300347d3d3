/** The call that made an answer, in the languages that people make it in. */

import { fileOf } from "./api.js";

/**
 * @typedef {object} Call
 * @property {string} file the photo's name
 * @property {[number, number, number, number] | null} box where a person is, if that was said
 * @property {string[] | undefined} labels that are wanted; undefined for all. Without any, joints alone are asked for
 * @property {boolean} hasKey whether the service wants a key. The key itself is never shown: calls are pasted into
 *   chats and tickets
 * @property {boolean} hasDetector whether the service looks for everybody
 * @property {boolean} wasMadeSmaller whether the page sent a smaller photo than the file
 */

/** @type {Record<string, (call: Call) => string>} */
export const SNIPPETS = {
  curl(call) {
    const header = call.hasKey ? '-H "Authorization: Bearer $JPPNET_API_KEY" ' : "";
    return `curl ${header}-F ${shellQuoted(`image=@${formQuoted(call.file)}`)} ${shellQuoted(urlOf(call))}`;
  },

  fetch(call) {
    return `// file: a File or Blob, here ${JSON.stringify(call.file)}
const form = new FormData();
form.append("image", file);
const response = await fetch(${JSON.stringify(urlOf(call))}, {
  method: "POST",
  body: form,${call.hasKey ? "\n  headers: { Authorization: `Bearer ${key}` }," : ""}
});
const answer = await response.json();
if (!response.ok) throw new Error(answer.detail);`;
  },

  javascript(call) {
    const options = call.hasKey ? ", { apiKey }" : "";
    return `import { Jppnet } from "jppnet";

// file: a File or Blob, here ${JSON.stringify(call.file)}
const jppnet = new Jppnet(${JSON.stringify(fileOf("").href)}${options});
const answer = await jppnet.${scriptCall(call)};`;
  },

  local(call) {
    const options = [
      ...(call.hasDetector ? [`detector: ${JSON.stringify(fileOf("model/detector/file").href)}`] : []),
      ...(call.hasKey ? ["apiKey"] : []),
    ];
    const given = options.length ? `, {\n  ${options.join(",\n  ")},\n}` : "";
    return `import { LocalJppnet } from "jppnet/local";

// The model runs in the page: file, here ${JSON.stringify(call.file)}, does not leave it.
const jppnet = new LocalJppnet(${JSON.stringify(fileOf("model/file").href)}${given});
const answer = await jppnet.${scriptCall(call)};`;
  },

  python(call) {
    const key = call.hasKey ? ', api_key=os.environ["JPPNET_API_KEY"]' : "";
    const options = [
      JSON.stringify(call.file),
      ...(call.labels?.length ? [`labels=${list(call.labels)}`] : []),
      ...(call.box ? [`boxes=[(${call.box.join(", ")})]`] : []),
    ];
    return `${call.hasKey ? "import os\n\n" : ""}from jppnet import Client

with Client(${JSON.stringify(fileOf("").href)}${key}) as client:
    answer = client.${methodOf(call)}(${options.join(", ")})`;
  },
};

const FROM_A_CLONE = "From a clone of the repository";
/** What each of them must be told beside. @type {Record<string, string>} */
const NOTES = {
  fetch: "From a page of another origin, name that origin in the service’s setting JPPNET_CORS_ORIGINS.",
  javascript: `${FROM_A_CLONE}: npm install ./clients/js. Pages of another origin: JPPNET_CORS_ORIGINS.`,
  local: `${FROM_A_CLONE}: npm install ./clients/js onnxruntime-web. Pages of another origin: JPPNET_CORS_ORIGINS.`,
  python: `${FROM_A_CLONE}: pip install . has the package jppnet.`,
  answer:
    "PNGs are shortened here; they are in base64. mask: pixel value = label id. instances, where everybody was looked " +
    "for: pixel value = person’s index, 0 for nobody.",
};

/**
 * @param {string} name of the snippet
 * @param {Call} call
 */
export function noteOn(name, { wasMadeSmaller }) {
  const smaller = "This page made the photo smaller before it sent it; curl, fetch and Python send the file as it is.";
  return [NOTES[name] ?? "", ...(wasMadeSmaller && name !== "answer" ? [smaller] : [])].filter(Boolean).join(" ");
}

/**
 * An answer to be read: indented, but short lists on one line, and without the PNGs' many letters.
 *
 * @param {import("./types.js").Answer} answer
 */
export function readable(answer) {
  const shown = { ...answer };
  for (const name of /** @type {const} */ (["mask", "instances"])) {
    const png = answer[name];
    if (png) shown[name] = `${png.slice(0, 24)}… ${png.length} letters`;
  }
  const onOneLine = (/** @type {string} */ list) => list.replace(/\s+/g, " ").replace("[ ", "[").replace(" ]", "]");
  return JSON.stringify(shown, null, 2).replace(/\[[^[\]{}]*\]/g, onOneLine);
}

/** @param {Call} call */
function methodOf({ labels }) {
  return labels && !labels.length ? "pose" : "analyze";
}

/** @param {Call} call */
function urlOf(call) {
  const url = fileOf(`${methodOf(call)}?format=json`);
  const labels = call.labels?.length ? `&labels=${call.labels.map(encodeURIComponent).join(",")}` : "";
  return url.href + labels + (call.box ? `&box=${call.box.join(",")}` : "");
}

/**
 * The call as both clients for JavaScript take it.
 *
 * @param {Call} call
 */
function scriptCall(call) {
  const options = [
    ...(call.labels?.length ? [`labels: ${list(call.labels)}`] : []),
    ...(call.box ? [`boxes: [[${call.box.join(", ")}]]`] : []),
  ];
  return `${methodOf(call)}(file${options.length ? `, { ${options.join(", ")} }` : ""})`;
}

/** @param {string[]} names */
function list(names) {
  return `[${names.map((name) => JSON.stringify(name)).join(", ")}]`;
}

/** @param {string} text */
function shellQuoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * A file's name as curl's -F takes it: quoted where a character would mean something.
 *
 * @param {string} name
 */
function formQuoted(name) {
  return /[;,"]/.test(name) ? `"${name.replace(/[\\"]/g, "\\$&")}"` : name;
}
