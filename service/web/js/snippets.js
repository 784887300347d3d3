/** The call that made an answer, in the languages that people make it in. */

/**
 * @typedef {object} Call
 * @property {URL} url
 * @property {string} file the photo's name
 * @property {boolean} hasKey whether the service wants a key. The key itself is never shown: calls are pasted into
 *   chats and tickets
 */

/** @type {Record<string, (call: Call) => string>} */
export const SNIPPETS = {
  curl({ url, file, hasKey }) {
    const header = hasKey ? '-H "Authorization: Bearer $JPPNET_API_KEY" ' : "";
    return `curl ${header}-F ${shellQuoted(`image=@${formQuoted(file)}`)} ${shellQuoted(url.href)}`;
  },

  fetch({ url, file, hasKey }) {
    return `// file: a File or Blob, here ${JSON.stringify(file)}
const form = new FormData();
form.append("image", file);
const response = await fetch(${JSON.stringify(url.href)}, {
  method: "POST",
  body: form,${hasKey ? "\n  headers: { Authorization: `Bearer ${key}` }," : ""}
});
const answer = await response.json();
if (!response.ok) throw new Error(answer.detail);`;
  },

  python({ url, file, hasKey }) {
    return `${hasKey ? "import os\n\n" : ""}import httpx

with open(${JSON.stringify(file)}, "rb") as photo:
    response = httpx.post(
        ${JSON.stringify(url.href)},
        files={"image": photo},${hasKey ? '\n        headers={"Authorization": "Bearer " + os.environ["JPPNET_API_KEY"]},' : ""}
        timeout=60,
    )
response.raise_for_status()
answer = response.json()`;
  },
};

/** What each of them must be told beside. @type {Record<string, string>} */
export const NOTES = {
  curl: "",
  fetch: "From a page of another origin, name that origin in the service’s setting JPPNET_CORS_ORIGINS.",
  python: "With httpx (pip install httpx); requests takes the same call.",
  answer:
    "PNGs are shortened here; they are in base64. mask: pixel value = label id. instances, where everybody was looked " +
    "for: pixel value = person’s index, 0 for nobody.",
};

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
