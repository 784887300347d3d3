/** `jppnet/local` in a browser: its answers are the service's. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { Jppnet } from "jppnet";

import { runInPage, skip } from "./chromium.js";
import { PLANE, ROOT, localFiles } from "./local-page.js";
import { soleModel, startService } from "./service.js";

const PHOTOS = {
  "/astronaut.jpg": `${ROOT}export/astronaut.jpg`,
  "/group.jpg": `${ROOT}service/web/examples/group.jpg`,
  "/example.jpg": `${ROOT}service/web/examples/portrait.jpg`,
};

interface Comparison {
  labels: number;
  joints: number;
  people: [number, number];
  boxes: number;
  regions: number[];
}

const COMPARE = `
  const compare = async (photo, options = {}) => {
    const people = options?.boxes ? undefined : "one"; // local looks for one person
    const [here, there] = await Promise.all([local, served].map((j) => j.analyze(photo, { ...options, people, mask: "rle" })));
    const equal = (here, there) => {
      const [ours, theirs] = [labelIds(here).ids, labelIds(there).ids];
      return ours.filter((id, pixel) => id === theirs[pixel]).length / theirs.length;
    };
    const points = (answer) => answer.people.flatMap((person) => person.keypoints);
    const others = points(there);
    const distances = points(here)
      .map((joint, index) => Math.hypot(joint.x - others[index].x, joint.y - others[index].y))
      .sort((a, b) => a - b);
    const sides = (answer) => answer.people.flatMap((person) => person.box);
    return {
      labels: equal(here, there),
      regions: (here.regions ?? []).map((region, index) => equal(region, there.regions[index])),
      joints: distances[Math.floor(distances.length / 2)],
      people: [here.people.length, there.people.length],
      boxes: Math.max(...sides(here).map((side, index) => Math.abs(side - sides(there)[index]))),
    };
  };`;

const SETUP = (service: string) => `
  const { Jppnet, labelIds, ProblemError } = await import("/dist/index.js");
  const { LocalJppnet } = await import("/dist/local/index.js");
  const served = new Jppnet("${service}", { timeoutMs: 120_000 });
  const downloads = [];
  const make = () => new LocalJppnet("${service}/model/file", {
    wasmPaths: "/ort/", onDownload: (progress) => downloads.push(progress) });
  const local = make();
  ${COMPARE}`;

/** The share of labels that must be equal: what 8 bits round differently from one processor to the next costs more. */
test("of a model in 8 bits, answers are nearly the service's", { skip, timeout: 180_000 }, async (t) => {
  const service = await startService({ JPPNET_CORS_ORIGINS: "*" });
  const { labels, joints, people } = (await runInPage(
    `${SETUP(service)} return compare(await (await fetch("/example.jpg")).blob());`,
    { ...(await localFiles()), ...PHOTOS },
  )) as Comparison;
  t.diagnostic(JSON.stringify({ labels, joints }));
  assert.ok(labels >= 0.98 && joints <= 2, `${labels} of the labels are equal, joints are ${joints} pixels apart`);
  assert.deepEqual(people, [1, 1]);
});

test("everybody is found, and what is whose, as the service does", { skip, timeout: 180_000 }, async (t) => {
  const [JPPNET_MODEL, JPPNET_DETECTOR] = [await soleModel("jppnet-lite.onnx"), await soleModel("jppnet-detect.onnx")];
  const service = await startService({ JPPNET_CORS_ORIGINS: "*", JPPNET_MODEL, JPPNET_DETECTOR });
  const told = (await runInPage(
    `${SETUP(service)}
    const everybody = new LocalJppnet("${service}/model/file", { wasmPaths: "/ort/", detector: "${service}/model/detector/file" });
    const { detector } = await everybody.load();
    const picture = await createImageBitmap(await (await fetch("/group.jpg")).blob());
    const canvas = new OffscreenCanvas(picture.width, picture.height);
    canvas.getContext("2d").drawImage(picture, 0, 0);
    const group = await canvas.convertToBlob({ type: "image/png" });
    const both = (photo) => Promise.all([everybody, served].map((j) => j.analyze(photo)));
    const [here, there] = await both(group);
    ${PLANE}
    const equal = (name, answers = [here, there]) => equalShare(name, answers);
    const asJpeg = await both(await (await fetch("/group.jpg")).blob());
    const sides = (answer) => answer.people.flatMap(({ box }) => box);
    const scores = [here, there].map(({ people }) => people.map(({ score }) => score));
    const shape = (value) => Object.entries(value).map(([key, inner]) => [key, inner?.length]).sort().join();
    return {
      detector, boxes: sides(here).map((side, index) => Math.abs(side - sides(there)[index])),
      scores, mask: await equal("mask"), instances: await equal("instances"),
      jpeg: { mask: await equal("mask", asJpeg), instances: await equal("instances", asJpeg) },
      people: [here, there].map(({ people }) => people.map(shape)),
      keys: [here, there].map((answer) => Object.keys(answer).sort().join()),
      most: (await everybody.pose(group, { people: 2 })).people.length,
      one: (await everybody.pose(group, { people: "one" })).people.length,
    };`,
    { ...(await localFiles()), ...PHOTOS },
  )) as {
    detector: { name: string };
    boxes: number[];
    scores: number[][];
    mask: number;
    instances: number;
    jpeg: { mask: number; instances: number };
    people: string[][];
    keys: string[];
    most: number;
    one: number;
  };
  t.diagnostic(JSON.stringify({ mask: told.mask, instances: told.instances, boxes: Math.max(...told.boxes), jpeg: told.jpeg }));
  assert.equal(told.detector.name, "jppnet-detect");
  assert.equal(told.people[0]!.length, 5);
  assert.deepEqual(told.people[0]!.length, told.people[1]!.length);
  assert.equal(told.keys[0], told.keys[1]);
  assert.ok(Math.max(...told.boxes) <= 4, `boxes are ${told.boxes.join()} pixels apart`);
  const [ours, theirs] = told.scores as [number[], number[]];
  ours.forEach((score, index) => assert.ok(Math.abs(score - theirs[index]!) <= 0.01, `scores ${ours.join()} and ${theirs.join()}`));
  assert.ok(told.mask >= 0.995 && told.instances >= 0.995, `${told.mask} of the mask, ${told.instances} of the instances`);
  // Of a JPEG the service decodes less for some crops, which moves borders by a pixel.
  assert.ok(told.jpeg.mask >= 0.98 && told.jpeg.instances >= 0.98, `of the JPEG ${JSON.stringify(told.jpeg)}`);
  assert.deepEqual([told.most, told.one], [2, 1]);
});

test("the page's answers are the service's", { skip, timeout: 180_000 }, async (t) => {
  const model = await soleModel("jppnet-lite.onnx");
  const service = await startService({ JPPNET_CORS_ORIGINS: "*", JPPNET_MODEL: model });
  const told = (await runInPage(
    `${SETUP(service)}
    const loaded = await local.load();
    const astronaut = await (await fetch("/astronaut.jpg")).blob();
    // Small in a large picture: the second pass.
    const picture = await createImageBitmap(astronaut);
    const wide = new OffscreenCanvas(1600, 1200);
    const context = wide.getContext("2d");
    context.fillStyle = "#9ab";
    context.fillRect(0, 0, 1600, 1200);
    context.drawImage(picture, 900, 500, 300, 300);
    const far = await wide.convertToBlob({ type: "image/png" });
    const began = performance.now();
    await local.pose(astronaut);
    const milliseconds = performance.now() - began;
    const boxes = [[0, 0, 400, 512], [100.5, 100, 300, 400]];
    const comparisons = {
      astronaut: await compare(astronaut),
      example: await compare(await (await fetch("/example.jpg")).blob()),
      far: await compare(far),
      boxes: await compare(astronaut, { boxes }),
    };
    const one = await local.analyze(astronaut, { boxes });
    const two = await served.analyze(astronaut, { boxes });
    const shape = (value) =>
      Array.isArray(value) ? (value.length ? [shape(value[0])] : []) :
      value && typeof value === "object" ? Object.fromEntries(Object.keys(value).sort().map((key) => [key, shape(value[key])])) :
      typeof value;
    const shapes = [one, two].map((answer) => JSON.stringify(shape(answer)));
    // The mask of every format is the same one.
    const draw = async (blob) => {
      const bitmap = await createImageBitmap(blob);
      const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
      context.drawImage(bitmap, 0, 0);
      return context.getImageData(0, 0, bitmap.width, bitmap.height).data;
    };
    const grey = await draw(await local.parse(astronaut, { format: "ids" }));
    const rle = labelIds(await local.parse(astronaut, { mask: "rle" }));
    const palette = await draw(await local.parse(astronaut, { format: "mask" }));
    const { labels } = await local.parse(astronaut);
    const colors = new Map(labels.map(({ id, color }) => [id, color.join()]));
    const inColor = rle.ids.every((id, pixel) => palette.slice(4 * pixel, 4 * pixel + 3).join() === colors.get(id));
    const canvas = await compareInputs(picture);
    async function compareInputs(bitmap) {
      const page = document.createElement("canvas");
      [page.width, page.height] = [bitmap.width, bitmap.height];
      page.getContext("2d").drawImage(bitmap, 0, 0);
      return (await local.pose(page)).people.length;
    }
    const problems = [];
    for (const [photo, options] of [[new Blob(["no"]), {}], [astronaut, { labels: ["beard"] }], [astronaut, { boxes: [[900, 0, 5, 5]] }]]) {
      const error = await local.parse(photo, options).catch((error) => error);
      problems.push([error instanceof ProblemError, error.type, error.status]);
    }
    const reason = new Error("changed my mind");
    const aborted = await local.pose(astronaut, { signal: AbortSignal.abort(reason) }).catch((error) => error === reason);
    const fetched = downloads.length;
    local.close();
    const again = make();
    await again.pose(astronaut);
    return { loaded, comparisons, shapes, milliseconds, sameIds: rle.ids.every((id, pixel) => id === grey[4 * pixel]), inColor,
      canvas, problems, aborted, fetched, fetchedAgain: downloads.length - fetched };`,
    { ...(await localFiles()), ...PHOTOS },
  )) as Record<string, unknown> & { comparisons: Record<string, Comparison>; shapes: [string, string]; fetched: number };
  t.diagnostic(JSON.stringify({ ...told.comparisons, milliseconds: told["milliseconds"] }));
  for (const [photo, { labels, joints, people, boxes, regions }] of Object.entries(told.comparisons)) {
    assert.ok(labels >= 0.995, `${photo}: ${labels} of the labels are equal`);
    assert.ok(regions.every((region) => region >= 0.995), `${photo}: ${regions} of the regions' labels are equal`);
    assert.ok(joints <= 0.5, `${photo}: joints are ${joints} pixels apart`);
    assert.equal(people[0], people[1], photo);
    assert.ok(boxes <= 10, `${photo}: boxes are ${boxes} pixels apart`);
  }
  assert.equal(told.shapes[0], told.shapes[1]);
  const { name, version } = await new Jppnet(service).model();
  assert.deepEqual(told["loaded"], { name, version, provider: "wasm" });
  assert.deepEqual([told["sameIds"], told["inColor"], told["canvas"], told["aborted"]], [true, true, 1, true]);
  assert.deepEqual(told["problems"], [
    [true, "urn:jppnet:problem:not-a-photo", 415],
    [true, "urn:jppnet:problem:unknown-label", 422],
    [true, "urn:jppnet:problem:box-outside", 422],
  ]);
  assert.ok(told.fetched > 0);
  assert.equal(told["fetchedAgain"], 0, "the model was in the cache");
});
