/** The model's card as a page: what it is, how good it is label by label, and what not to trust. */

import { getModel } from "./api.js";
import { byId, element } from "./dom.js";
import { askForKey, storedKey } from "./key.js";
import { DOUBTFUL } from "./legend.js";
import { complain, hush } from "./notices.js";
import { Problem } from "./problem.js";
import { css, percent, titleOf, words } from "./words.js";

/** @typedef {import("./types.js").Model} Model */
/** @typedef {import("./types.js").Label} Label */

/** What a figure of the card means. @type {[string, string][]} */
const FIGURES = [
  ["mean_iou", "mIoU"],
  ["mean_iou_7", "mIoU over 7 merged parts"],
  ["pixel_accuracy", "Pixel accuracy"],
  ["pckh", "PCKh@0.5"],
];

async function start() {
  hush();
  try {
    show(await getModel(storedKey()));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.status !== 401) return complain(error, start);
    await askForKey(storedKey() ? error.detail : "Whoever runs it can give you one.");
    await start();
  }
}

/** @param {Model} model */
function show(model) {
  const { metrics, labels, joints, limits, detector } = model;
  byId("title", HTMLElement).textContent = titleOf(model);
  const iou = /** @type {Record<string, number>} */ (metrics.label_iou ?? {});
  const pckh = /** @type {Record<string, number>} */ (metrics.joint_pckh ?? {});
  const doubtful = labels.filter(({ name }) => (iou[name] ?? 1) < DOUBTFUL).map(({ name }) => words(name));
  const on = typeof metrics.photos === "number" ? `, on ${metrics.photos} photos` : "";
  byId("card", HTMLElement).replaceChildren(
    ...paragraph(model.description, "description"),
    ...(doubtful.length ? [doubts(doubtful)] : []),
    panel(
      "What runs here",
      facts([
        ["Precision", model.precision],
        ["Input", `${model.input.width} × ${model.input.height} pixels a person`],
        ["Runs on", model.provider],
        ["Licence", model.license],
        ["Training data", model.training_data],
      ]),
    ),
    ...(limits.length ? [panel("Limits", sentences(limits))] : []),
    panel(
      `Measured${on}`,
      facts(FIGURES.flatMap(([name, title]) => (typeof metrics[name] === "number" ? [[title, percent(metrics[name])]] : []))),
      element(
        "div",
        "figures",
        ...table("Label", "IoU", labels.map((label) => [named(label), iou[label.name]])),
        ...table("Joint", "PCKh", joints.map((name) => [words(name), pckh[name]])),
      ),
    ),
    ...(detector ? [detectorPanel(detector)] : []),
  );
}

/** @param {string[]} names */
function doubts(names) {
  return element(
    "section",
    "notice problem",
    element("h2", "", "Labels not to trust"),
    element("p", "", `${names.join(", ")}: wrong more often than not (IoU below ${percent(DOUBTFUL)}).`),
  );
}

/** @param {import("./types.js").Detector} detector */
function detectorPanel(detector) {
  const { metrics } = detector;
  const figure = (/** @type {string} */ name) => (typeof metrics[name] === "number" ? percent(metrics[name]) : "not stated");
  return panel(
    `The detector: ${titleOf(detector)}`,
    ...paragraph(detector.description, "soft"),
    facts([
      ["People found", figure("recall")],
      ["Right of what it finds", figure("precision")],
      ["Least score of a person", String(detector.threshold)],
      ["Licence", detector.license],
      ["Training data", detector.training_data],
    ]),
    ...(detector.limits.length ? [element("h3", "", "Limits"), sentences(detector.limits)] : []),
  );
}

/**
 * @param {string} title
 * @param {...Node} content
 */
function panel(title, ...content) {
  return element("section", "panel", element("header", "", element("h2", "", title)), ...content);
}

/**
 * @param {string} text
 * @param {string} className
 */
function paragraph(text, className) {
  return text === "not stated" ? [] : [element("p", className, text)];
}

/** @param {string[]} texts */
function sentences(texts) {
  return element("ul", "", ...texts.map((text) => element("li", "", text)));
}

/** @param {string[][]} rows */
function facts(rows) {
  return element("dl", "", ...rows.flatMap(([name, value]) => [element("dt", "", name ?? ""), element("dd", "", value ?? "")]));
}

/**
 * A table of figures, none where nothing was measured.
 *
 * @param {string} what
 * @param {string} figure
 * @param {[Node | string, number | undefined][]} rows
 */
function table(what, figure, rows) {
  const measured = rows.filter(([, value]) => value !== undefined);
  if (!measured.length) return [];
  const head = element("thead", "", element("tr", "", ...[what, figure, ""].map((text) => element(text ? "th" : "td", "", text))));
  const body = measured.map(([name, value = 0]) => {
    const meter = Object.assign(element("meter"), { min: 0, max: 1, low: DOUBTFUL, optimum: 1, value, ariaHidden: "true" });
    const doubt = value < DOUBTFUL ? [" ", element("span", "doubt", "often wrong")] : [];
    return element("tr", "", element("th", "", name, ...doubt), element("td", "", percent(value)), element("td", "", meter));
  });
  return [element("table", "", head, element("tbody", "", ...body))];
}

/** @param {Label} label */
function named({ name, color }) {
  const swatch = element("span", "swatch");
  swatch.style.setProperty("--color", css(color));
  return element("span", "", swatch, words(name));
}

void start();
