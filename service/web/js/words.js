/** Names and numbers as people read them. */

/**
 * A label's or joint's name, “upper-clothes”, as words: “upper clothes”.
 *
 * @param {string} name
 */
export function words(name) {
  return name.replace(/[-_]+/g, " ");
}

/**
 * A share, 0–1, in percent; what is there is never shown as nothing.
 *
 * @param {number} share
 */
export function percent(share) {
  const value = share * 100;
  if (value > 0 && value < 0.1) return "< 0.1 %";
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} %`;
}

/** @param {number} value */
export function milliseconds(value) {
  if (value >= 10000) return `${(value / 1000).toFixed(1)} s`;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}

/**
 * A colour for style sheets.
 *
 * @param {import("./types.js").Color} color
 */
export function css([red, green, blue]) {
  return `rgb(${red} ${green} ${blue})`;
}

/**
 * “1 person”, “2 people”.
 *
 * @param {number} count
 * @param {string} one
 * @param {string} many
 */
export function counted(count, one, many) {
  return `${count} ${count === 1 ? one : many}`;
}

/**
 * A model's name and version, as far as they are stated.
 *
 * @param {{name: string, version: string}} model
 */
export function titleOf({ name, version }) {
  return version === "not stated" ? name : `${name} ${version}`;
}
