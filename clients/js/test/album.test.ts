/**
 * A folder of one's own photos, answered in a browser and by the service: `ALBUM=folder npm test` prints for each the people
 * whom both find, the share of labels and of owners that are equal, and the joints' median distance in pixels. With `BITS=8`
 * both run the files in 8 bits, of which nothing is asked.
 */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";

import { runInPage, skip } from "./chromium.js";
import { PLANE, localFiles } from "./local-page.js";
import { soleModel, startService } from "./service.js";

const { ALBUM, BITS } = process.env;

interface Row {
  name: string;
  people: [number, number];
  labels: number;
  owners: number;
  joints: number | null;
}

test("a folder of photos", { skip: skip || (ALBUM ? false : "no ALBUM is named"), timeout: 3_600_000 }, async (t) => {
  const inFull = { JPPNET_MODEL: await soleModel("jppnet-lite.onnx"), JPPNET_DETECTOR: await soleModel("jppnet-detect.onnx") };
  const service = await startService({ JPPNET_CORS_ORIGINS: "*", ...(BITS !== "8" && inFull) });
  const photos = readdirSync(ALBUM!).filter((name) => /\.(jpe?g|png|webp)$/i.test(name));
  const files = Object.fromEntries(photos.map((name) => [`/${encodeURIComponent(name)}`, `${ALBUM}/${name}`]));
  const rows = (await runInPage(
    `const { Jppnet } = await import("/dist/index.js");
    const { LocalJppnet } = await import("/dist/local/index.js");
    ${PLANE}
    const served = new Jppnet("${service}", { timeoutMs: 120_000, maxSide: Infinity });
    const local = new LocalJppnet("${service}/model/file", { wasmPaths: "/ort/", detector: "${service}/model/detector/file" });
    const rows = [];
    for (const name of ${JSON.stringify(photos)}) {
      const photo = await (await fetch("/" + encodeURIComponent(name))).blob();
      const answers = await Promise.all([local, served].map((each) => each.analyze(photo)));
      const [here, there] = answers.map(({ people }) => people.flatMap(({ keypoints }) => keypoints));
      const distances = here.map(({ x, y }, index) => Math.hypot(x - there[index]?.x, y - there[index]?.y)).sort((a, b) => a - b);
      rows.push({
        name, people: answers.map(({ people }) => people.length), joints: distances[distances.length >> 1] ?? null,
        labels: await equalShare("mask", answers), owners: await equalShare("instances", answers),
      });
    }
    return rows;`,
    { ...(await localFiles()), ...files },
  )) as Row[];
  for (const row of rows) t.diagnostic(JSON.stringify(row));
  if (BITS === "8") return;
  for (const { name, people, labels, joints } of rows) {
    assert.equal(people[0], people[1], name);
    assert.ok(labels >= 0.99, `${name}: ${labels} of the labels are equal`);
    assert.ok((joints ?? 0) <= 2, `${name}: joints are ${joints} pixels apart`);
  }
});
