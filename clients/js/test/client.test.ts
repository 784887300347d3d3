/** The client against the service, with the default model. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { Jppnet, type ParseFormat, ProblemError, decodeRle, labelIds } from "jppnet";

import { greyPixels } from "./png.js";
import { photo, startService } from "./service.js";

const jppnet = new Jppnet(await startService());

test("parse gives labels by name, with the mask as a PNG", async () => {
  const answer = await jppnet.parse(photo);
  assert.deepEqual(answer.image, { width: 512, height: 512 });
  assert.ok(answer.labels.some((label) => label.name === "face" && label.confidence > 0.5));
  assert.equal(Buffer.from(answer.mask ?? "", "base64").toString("latin1", 1, 4), "PNG");
});

test("run lengths decode to the pixels of the PNG", async () => {
  const answer = await jppnet.parse(photo, { mask: "rle" });
  const { width, height, ids } = labelIds(answer);
  const truth = await greyPixels(await jppnet.parse(photo, { format: "ids" }));
  assert.deepEqual({ width, height, pixels: ids }, truth);
  for (const label of answer.labels) {
    assert.equal(decodeRle(label.rle!).reduce((sum, inside) => sum + inside, 0), label.pixels);
  }
  assert.throws(() => labelIds({ ...answer, labels: answer.labels.map(({ rle, ...label }) => label) }), /mask: "rle"/);
});

test("COCO's own example decodes", () => {
  // pycocotools: encode(asfortranarray([[0, 1, 1], [1, 1, 0]])) == {"size": [2, 3], "counts": "141"}
  assert.deepEqual([...decodeRle({ size: [2, 3], counts: "141" })], [0, 1, 1, 1, 1, 0]);
});

test("every format comes as what it is", async () => {
  const types: Record<Exclude<ParseFormat, "json" | "hf" | "coco">, string> = {
    mask: "image/png",
    ids: "image/png",
    instances: "image/png",
    overlay: "image/jpeg",
    cutout: "image/png",
  };
  for (const [format, type] of Object.entries(types) as [keyof typeof types, string][]) {
    assert.equal((await jppnet.parse(photo, { format })).type, type);
  }
  assert.equal((await jppnet.analyze(photo, { format: "overlay", accept: "image/png" })).type, "image/png");
  const [segment] = await jppnet.parse(photo, { format: "hf", labels: ["face"] });
  assert.equal(segment?.label, "face");
});

test("labels are chosen by name or id", async () => {
  const { labels } = await jppnet.parse(photo, { labels: ["hair", 13] });
  assert.deepEqual(labels.map((label) => label.name), ["hair", "face"]);
  const same = await jppnet.parse(photo, { labels: "hair, 13" });
  assert.deepEqual(same.labels, labels);
});

test("an option that no call has is refused, not ignored", async () => {
  for (const options of [{ box: [1, 2, 3, 4] }, { label: "hair" }, { imageId: 7 }, { toString: 1 }]) {
    const [name] = Object.keys(options);
    await assert.rejects(jppnet.parse(photo, options as object), (error) => {
      assert.ok(error instanceof TypeError);
      assert.ok(error.message.startsWith(`Calls have no option “${name}”. Their options are format, boxes, people, labels,`));
      return true;
    });
  }
});

test("pose names joints, in pixels of the photo", async () => {
  const { people } = await jppnet.pose(photo);
  const neck = people[0]?.keypoints.find((joint) => joint.name === "upper-neck");
  assert.ok(neck && neck.score > 0.5 && neck.x > 150 && neck.x < 300);
  const [result] = await jppnet.pose(photo, { format: "coco", image_id: 139 });
  assert.deepEqual([result?.image_id, result?.keypoints.length], [139, 48]);
});

test("analyze says both", async () => {
  const [both, parse, pose] = await Promise.all([jppnet.analyze(photo), jppnet.parse(photo), jppnet.pose(photo)]);
  const people = pose.people.map((person, index) => ({ ...parse.people?.[index], ...person }));
  assert.deepEqual(both, { ...parse, ...pose, people });
});

test("everybody is found, or one person is taken for granted", async () => {
  const { people, instances } = await jppnet.analyze(photo);
  assert.deepEqual(people.map(({ index }) => index), [1]);
  assert.ok(instances && people[0]!.labels!.length);
  const one = await jppnet.analyze(photo, { people: "one" });
  assert.deepEqual([one.people.length, one.people[0]!.index, one.instances], [1, undefined, undefined]);
  const [instance] = await jppnet.parse(photo, { format: "coco", people: 1, image_id: 7 });
  assert.deepEqual([instance!.image_id, instance!.segmentation.size], [7, [512, 512]]);
  assert.equal((await jppnet.parse(photo, { format: "instances" })).type, "image/png");
});

test("boxes name the people in a larger photo", async () => {
  const answer = await jppnet.analyze(photo, { mask: "rle", boxes: [[0, 0, 400, 512], [100.5, 100, 300, 400]] });
  assert.deepEqual(answer.people.map((person) => person.region), [0, 1]);
  const [region] = answer.regions!;
  const { width, height, ids } = labelIds(region!);
  assert.deepEqual([width, height], region!.box.slice(2));
  for (const label of region!.labels) assert.equal(ids.filter((id) => id === label.id).length, label.pixels);
});

test("a photo is a Blob or bytes of any kind", async () => {
  const bytes = Uint8Array.from(photo);
  const wide = new Uint8Array(photo.length + 20);
  wide.set(bytes, 10);
  const answer = await jppnet.pose(photo);
  for (const same of [new Blob([bytes]), bytes.buffer, bytes, wide.subarray(10, 10 + photo.length)]) {
    assert.deepEqual(await jppnet.pose(same), answer);
  }
  assert.deepEqual(await jppnet.pose(`data:image/jpeg;base64,${photo.toString("base64")}`), answer);
  for (const path of ["photo.jpg", "/tmp/photo.jpg", "file:///tmp/photo.jpg", photo.toString("base64")]) {
    await assert.rejects(jppnet.pose(path), /^TypeError: “.{0,60}” is no address to fetch\. .* await readFile/);
  }
  // @ts-expect-error a number is no photo
  await assert.rejects(jppnet.pose(7), TypeError);
});

test("what is wrong with a call is a problem that says so", async () => {
  await assert.rejects(jppnet.parse(photo, { labels: ["beard"] }), (error) => {
    assert.ok(error instanceof ProblemError);
    assert.equal(error.type, "urn:jppnet:problem:unknown-label");
    assert.equal(error.title, "Unknown label");
    assert.equal(error.status, 422);
    assert.match(error.detail, /“beard”.*hair/);
    assert.match(error.requestId ?? "", /^\w{32}$/);
    return true;
  });
  await assert.rejects(jppnet.parse(new Blob([])), { type: "urn:jppnet:problem:empty-body" });
});

test("the model and its health", async () => {
  assert.equal((await jppnet.model()).labels[13]?.name, "face");
  assert.deepEqual(await jppnet.health(), { status: "ok" });
});

test("a busy service is asked again until everybody has an answer", async () => {
  const busy = new Jppnet(await startService({ JPPNET_QUEUE_SIZE: "1", JPPNET_SHARE_RUNS: "false" }), { retries: 20 });
  const answers = await Promise.all(Array.from({ length: 4 }, () => busy.pose(photo)));
  assert.equal(answers.length, 4);
  assert.ok(answers.every((answer) => answer.people.length === 1));
});

test("a key opens a service that wants one", async () => {
  const url = await startService({ JPPNET_API_KEYS: "schlüssel" });
  await assert.rejects(new Jppnet(url).pose(photo), { status: 401, type: "urn:jppnet:problem:unauthorized" });
  assert.equal((await new Jppnet(url, { apiKey: "schlüssel" }).pose(photo)).people.length, 1);
});
