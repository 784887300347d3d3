/** The link that reproduces a view: switches, hidden parts, the example and the box, in the address's fragment. */

/** @typedef {import("./viewer.js").PhotoBox} PhotoBox */

/** Each switch's name in the link. */
const SWITCHES = new Map([
  ["mask", "show-mask"],
  ["skeleton", "show-skeleton"],
  ["names", "show-names"],
  ["compare", "show-compare"],
  ["device", "on-device"],
]);
const OPACITY = "opacity";

/** @typedef {{hidden: string[], example: string | null, box: PhotoBox | null}} Wish */

/**
 * Sets the page's switches as the address says.
 *
 * @returns {Wish} what else it says
 */
export function readSettings() {
  const given = new URLSearchParams(location.hash.slice(1));
  if (location.hash) {
    for (const [name, id] of SWITCHES) {
      const box = input(id);
      box.checked = given.has(name) ? given.get(name) === "1" : box.defaultChecked;
    }
    const opacity = Number(given.get(OPACITY) ?? input(OPACITY).defaultValue);
    if (opacity >= 0 && opacity <= 100) input(OPACITY).value = String(opacity);
    const tongue = document.querySelector(`[name=tongue][value="${CSS.escape(given.get("call") ?? "curl")}"]`);
    if (tongue instanceof HTMLInputElement) tongue.checked = true;
  }
  const box = (given.get("box") ?? "").split(",").map(Number);
  return {
    hidden: (given.get("hide") ?? "").split(",").filter(Boolean),
    example: given.get("example"),
    box: box.length === 4 && box.every(Number.isFinite) ? /** @type {PhotoBox} */ (box) : null,
  };
}

/**
 * The address of this page with what differs from its defaults.
 *
 * @param {Wish} wish
 */
export function linkTo({ hidden, example, box }) {
  const given = new URLSearchParams();
  if (example) given.set("example", example);
  if (example && box) given.set("box", box.join(","));
  if (hidden.length) given.set("hide", hidden.join(","));
  for (const [name, id] of SWITCHES) {
    const { checked, defaultChecked } = input(id);
    if (checked !== defaultChecked) given.set(name, checked ? "1" : "0");
  }
  if (input(OPACITY).value !== input(OPACITY).defaultValue) given.set(OPACITY, input(OPACITY).value);
  const call = document.querySelector("[name=tongue]:checked")?.getAttribute("value") ?? "curl";
  if (call !== "curl") given.set("call", call);
  const url = new URL(location.href);
  url.hash = given.toString().replaceAll("%2C", ",");
  return url.href.replace(/#$/, "");
}

/** @param {string} id */
function input(id) {
  return /** @type {HTMLInputElement} */ (document.getElementById(id));
}
