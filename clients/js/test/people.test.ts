/** Who of the people who were found is answered, and how sure they are: docs/model-file.md, "Everybody in a photo". */
import assert from "node:assert/strict";
import { test } from "node:test";

import { PACKAGE } from "./chromium.js";

const { choosePeople, reach, withoutBystanders } = await import(`${PACKAGE}dist/local/people.js`);

const person = (width: number, height: number, score: number) => ({ box: { x: 0, y: 0, width, height }, score });

test("who is small in the photo and beside the largest is a bystander", () => {
  const largest = person(100, 50, 0.5); // of a photo of 100 × 200: a quarter
  const [enough, less] = [person(25, 30, 0.9), person(25, 29, 0.9)];
  assert.deepEqual(withoutBystanders([largest, enough, less], 20_000), [largest, enough]);
  const small = [person(10, 10, 0.9), person(4, 4, 0.9)];
  assert.deepEqual(withoutBystanders(small, 20_000), small, "all are small");
  assert.deepEqual(withoutBystanders([], 20_000), []);
});

test("beside a portrait, who is smaller and less sure is a bystander, too", () => {
  const portrait = person(100, 60, 0.8); // of a photo of 100 × 200: 30 %
  const [large, small, sure] = [person(25, 60, 0.4), person(25, 59, 0.71), person(25, 59, 0.73)];
  assert.deepEqual(withoutBystanders([portrait, large, small, sure], 20_000), [portrait, large, sure]);
  assert.deepEqual(withoutBystanders([portrait, small], 20_001), [portrait, small], "no portrait");
});

test("the surest are chosen, and keep their order", () => {
  const people = [person(50, 50, 0.5), person(40, 50, 0.9), person(30, 50, 0.7)];
  assert.deepEqual(choosePeople(people, 2, { width: 100, height: 100 }), people.slice(1));
});

test("labels count a little beyond the box, and further where nobody else is", () => {
  const box = { x: 100, y: 100, width: 100, height: 200 };
  const photo = { width: 1000, height: 1000 };
  assert.deepEqual(reach(box, photo, false), { x: 97, y: 94, width: 106, height: 212 });
  assert.deepEqual(reach(box, photo, true), { x: 96, y: 91, width: 108, height: 218 });
});
