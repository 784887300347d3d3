/** In a browser, from another origin: the modules as they are published, and a service that lets the page in. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { build } from "esbuild";

import { PACKAGE, runInPage, skip } from "./chromium.js";
import { photo, startService } from "./service.js";

const service = skip ? "" : await startService({ JPPNET_CORS_ORIGINS: "*" });
const files = { "/photo.jpg": photo };
const START = `
  const { Jppnet, ProblemError, labelIds } = await import("/dist/index.js");
  const jppnet = new Jppnet("${service}");
  const file = new File([await (await fetch("/photo.jpg")).blob()], "photo.jpg");
  const pixelsOf = async (picture) => {
    const context = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
    context.drawImage(picture, 0, 0);
    return context.getImageData(0, 0, picture.width, picture.height).data;
  };`;

test("a page of another origin", { skip }, async () => {
  const told = await runInPage(
    `${START}
    const answer = await jppnet.parse(file, { mask: "rle" });
    const data = await pixelsOf(await createImageBitmap(await jppnet.parse(file, { format: "ids" })));
    const same = labelIds(answer).ids.every((id, pixel) => id === data[4 * pixel]);
    const problem = await jppnet.parse(new Blob([])).catch((error) => error);
    return { same, problem: problem instanceof ProblemError && problem.requestId.length };`,
    files,
  );
  assert.deepEqual(told, { same: true, problem: 32 });
});

test("what the service reads is uploaded as it is, and what it does not as a JPEG", { skip }, async () => {
  const told = await runInPage(
    `const { shrink } = await import("/dist/shrink.js");
    const bytes = Uint8Array.from(atob("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"), (letter) => letter.charCodeAt(0));
    const sent = async (type) => (await shrink(new Blob([bytes], { type }), 2048)).body.type;
    return Promise.all(["image/gif", "image/avif", "image/tiff"].map(sent));`,
    files,
  );
  assert.deepEqual(told, ["image/gif", "image/avif", "image/jpeg"]);
});

test("a photo is a file, an address, or what the page shows", { skip }, async () => {
  const told = await runInPage(
    `${START}
    const image = new Image();
    image.src = "/photo.jpg";
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [512, 512];
    canvas.getContext("2d").drawImage(image, 0, 0);
    const photos = ["/photo.jpg", new URL("/photo.jpg", location.href), image, canvas, await createImageBitmap(file)];
    const answers = await Promise.all(photos.map((photo) => jppnet.pose(photo)));
    return answers.map(({ image, people }) => [image.width, people.length]);`,
    files,
  );
  assert.deepEqual(told, Array(5).fill([512, 1]));
});

test("a large photo is made smaller, and its answer is about the large one", { skip }, async () => {
  const told = (await runInPage(
    `${START}
    const large = new OffscreenCanvas(3000, 3000);
    large.getContext("2d").drawImage(await createImageBitmap(file), 0, 0, 3000, 3000);
    const photo = await large.convertToBlob({ type: "image/png" });
    const sent = [];
    const options = { mask: "rle", people: "one", onUploadProgress: ({ loaded, total }) => sent.push([loaded, total]) };
    const [small, whole] = [await jppnet.analyze(photo, { ...options, maxSide: 600 }), await jppnet.analyze(photo, { mask: "rle", people: "one", maxSide: Infinity })];
    const boxed = await jppnet.analyze(photo, { boxes: [[300, 0, 2500, 3000]], maxSide: 600 });
    const points = ({ people }) => people[0].keypoints.filter(({ score }) => score > 0.5).map(({ x, y }) => [x, y]);
    return {
      bytes: sent.at(-1), file: photo.size, sizes: [small.image, labelIds(small).width, labelIds(whole).width],
      distances: points(small).map(([x, y], index) => Math.hypot(x - points(whole)[index]?.[0], y - points(whole)[index]?.[1])),
      pixels: small.labels.reduce((sum, { pixels }) => sum + pixels, 0) / 9e6,
      boxes: [small.people[0].box, whole.people[0].box],
      region: boxed.regions[0].box,
    };`,
    files,
  )) as {
    bytes: [number, number];
    file: number;
    sizes: unknown;
    distances: number[];
    pixels: number;
    boxes: [number[], number[]];
    region: number[];
  };
  assert.equal(told.bytes[0], told.bytes[1]);
  assert.ok(told.bytes[1] < 200_000 && told.file > 1_000_000, `${told.bytes[1]} of ${told.file} bytes`);
  assert.deepEqual(told.sizes, [{ width: 3000, height: 3000 }, 600, 3000]);
  assert.ok(told.distances.length > 3 && told.distances.every((distance) => distance < 60), told.distances.join());
  assert.ok(Math.abs(told.pixels - 1) < 0.001);
  told.boxes[0].forEach((side, index) => assert.ok(Math.abs(side - told.boxes[1][index]!) < 120, told.boxes.join(" ")));
  assert.deepEqual(told.region, [0, 0, 3000, 3000]);
});

test("what is transparent becomes white, never black", { skip }, async () => {
  const [pixel, size] = (await runInPage(
    `const { shrink } = await import("/dist/shrink.js");
    const empty = new OffscreenCanvas(400, 200);
    empty.getContext("2d");
    const clear = await empty.convertToBlob({ type: "image/png" });
    const { body } = await shrink(clear, 100);
    const picture = await createImageBitmap(body);
    const context = new OffscreenCanvas(100, 50).getContext("2d");
    context.drawImage(picture, 0, 0);
    return [[...context.getImageData(50, 25, 1, 1).data], [picture.width, picture.height]];`,
  )) as [number[], number[]];
  assert.deepEqual([pixel, size], [[255, 255, 255, 255], [100, 50]]);
});

test("answers are drawn on a canvas, large ones by a Worker", { skip }, async () => {
  const told = await runInPage(
    `${START}
    const { drawMask, drawSkeleton, maskOf } = await import("/dist/draw/index.js");
    const answer = await jppnet.analyze(file, { mask: "rle" });
    const face = answer.labels.find(({ name }) => name === "face");
    const mask = maskOf(answer, "face");
    const counted = mask.data.reduce((sum, inside) => sum + inside, 0);
    const canvas = new OffscreenCanvas(512, 512);
    await drawMask(canvas, answer, { labels: ["face"], opacity: 1 });
    const drawn = canvas.getContext("2d").getImageData(0, 0, 512, 512).data;
    const right = mask.data.every((inside, pixel) =>
      drawn.slice(4 * pixel, 4 * pixel + 4).join() === (inside ? [...face.color, 255] : [0, 0, 0, 0]).join());
    const bones = new OffscreenCanvas(256, 256);
    drawSkeleton(bones, answer, { color: "#ff0000" });
    const neck = answer.people[0].keypoints.find(({ name }) => name === "upper-neck");
    const atNeck = [...bones.getContext("2d").getImageData(neck.x / 2, neck.y / 2, 1, 1).data];
    // A mask of 4 million pixels: a rectangle of one label.
    const counts = (await import("/dist/local/rle.js")).encodeLabels(
      { width: 2000, height: 2000, data: new Uint8Array(4e6).fill(1, 2e6) }, [1]).get(1);
    const large = { image: { width: 2000, height: 2000 }, labels: [{ id: 1, name: "half", color: [0, 0, 255], rle: counts }] };
    const page = new OffscreenCanvas(20, 20);
    await drawMask(page, large, { opacity: 1 });
    const [above, below] = [5, 15].map((y) => [...page.getContext("2d").getImageData(10, y, 1, 1).data]);
    return { counted: counted === face.pixels && counted > 1000, right, atNeck, above, below };`,
    files,
  );
  assert.deepEqual(told, {
    counted: true,
    right: true,
    atNeck: [255, 0, 0, 255],
    above: [0, 0, 0, 0],
    below: [0, 0, 255, 255],
  });
});

/** A module that uses the package's hooks, with React and Vue, as a bundler makes it. */
async function bundle(contents: string): Promise<Uint8Array> {
  const result = await build({
    stdin: { contents, resolveDir: PACKAGE },
    bundle: true,
    format: "esm",
    define: { "process.env.NODE_ENV": '"production"', __VUE_OPTIONS_API__: "true", __VUE_PROD_DEVTOOLS__: "false",
      __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "false" },
    write: false,
    logLevel: "error",
  });
  return result.outputFiles[0]!.contents;
}

/** What a hook must do, whoever renders it: `show(photo)` renders, `seen()` is what it gave last. */
const HOOK = `
  const until = async (test) => { while (!test()) await new Promise((wait) => setTimeout(wait, 5)); };
  const calls = [];
  const fake = { analyze: (photo, { signal, mask }) => new Promise((resolve, reject) =>
    calls.push({ photo, signal, mask, resolve, reject })) };
  const revoked = [];
  const revoke = URL.revokeObjectURL;
  URL.revokeObjectURL = (url) => { revoked.push(url); revoke.call(URL, url); };
  const { show, seen, leave } = start(fake);
  const [first, second] = [new Blob(["1"]), new Blob(["2"])];
  const log = [];
  const note = (what) => log.push([what, seen().pending, seen().answer?.name, String(seen().error ?? ""), Boolean(seen().url)]);
  await until(() => seen());
  note("nothing");
  show(first);
  await until(() => calls.length === 1 && seen().pending);
  note("asked");
  const firstUrl = seen().url;
  show(second);
  await until(() => calls.length === 2 && seen().url !== firstUrl);
  calls[0].resolve({ name: "late" });
  calls[1].resolve({ name: "answer" });
  await until(() => !seen().pending);
  note("answered");
  show(first);
  await until(() => calls.length === 3);
  calls[2].reject(new Error("no"));
  await until(() => seen().error);
  note("failed");
  leave();
  await until(() => revoked.length === 3);
  return { log, aborted: calls.map(({ signal }) => signal.aborted), mask: calls[0].mask, revoked: revoked[0] === firstUrl };`;
const HOOK_TOLD = {
  log: [
    ["nothing", false, undefined, "", false],
    ["asked", true, undefined, "", true],
    ["answered", false, "answer", "", true],
    ["failed", false, undefined, "Error: no", true],
  ],
  aborted: [true, true, true],
  mask: "rle",
  revoked: true,
};

test("React: the hook follows its photo", { skip }, async () => {
  const start = await bundle(`
    import { createElement } from "react";
    import { createRoot } from "react-dom/client";
    import { useAnalysis } from "./dist/react.js";
    export function start(jppnet) {
      let last;
      const Show = ({ photo }) => ((last = useAnalysis(jppnet, photo, { mask: "rle" })), null);
      const root = createRoot(document.body.appendChild(document.createElement("div")));
      const show = (photo) => root.render(createElement(Show, { photo }));
      show(undefined);
      return { show, seen: () => last, leave: () => root.unmount() };
    }`);
  const told = await runInPage(`const { start } = await import("/start.js"); ${HOOK}`, { "/start.js": start });
  assert.deepEqual(told, JSON.parse(JSON.stringify(HOOK_TOLD)));
});

test("Vue: the composable follows its photo", { skip }, async () => {
  const start = await bundle(`
    import { createApp, shallowRef } from "vue";
    import { useAnalysis } from "./dist/vue.js";
    export function start(jppnet) {
      const photo = shallowRef();
      let refs;
      const app = createApp({ setup: () => ((refs = useAnalysis(jppnet, photo, { mask: "rle" })), () => null) });
      app.mount(document.body.appendChild(document.createElement("div")));
      const seen = () => Object.fromEntries(Object.entries(refs).map(([name, ref]) => [name, ref.value]));
      return { show: (next) => (photo.value = next), seen, leave: () => app.unmount() };
    }`);
  const told = await runInPage(`const { start } = await import("/start.js"); ${HOOK}`, { "/start.js": start });
  assert.deepEqual(told, JSON.parse(JSON.stringify(HOOK_TOLD)));
});
