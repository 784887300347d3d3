/** Who of the people who were found is answered, and how sure they are: docs/model-file.md, "Everybody in a photo". */
import assert from "node:assert/strict";
import { test } from "node:test";

import { PACKAGE } from "./chromium.js";

const { clearPeople, personScore, reach } = await import(`${PACKAGE}dist/local/people.js`);

const person = (height: number, score: number) => ({ box: { x: 0, y: 0, width: 100, height }, score });

test("who is much smaller and much less sure than the largest is a bystander", () => {
  assert.deepEqual(clearPeople([person(100, 1), person(30, 0.1), person(29, 0.64)]), [0, 1]);
  assert.deepEqual(clearPeople([person(100, 1), person(30, 0.1), person(29, 0.65)]), [0, 1, 2]);
  assert.deepEqual(clearPeople([person(100, 0.5), person(29, 0.33)]), [0, 1], "it is the largest's score that counts");
  assert.deepEqual(clearPeople([]), []);
});

test("a score is the detector's by two thirds, and the labels' confidence by one", () => {
  assert.equal(personScore(0.7, { meanConfidence: 0.1 }).toFixed(6), "0.500000");
});

test("labels count a little beyond the box, and further where nobody else is", () => {
  const box = { x: 100, y: 100, width: 100, height: 200 };
  const photo = { width: 1000, height: 1000 };
  assert.deepEqual(reach(box, photo, false), { x: 97, y: 94, width: 106, height: 212 });
  assert.deepEqual(reach(box, photo, true), { x: 96, y: 91, width: 108, height: 218 });
});
