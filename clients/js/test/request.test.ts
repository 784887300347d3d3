/** Tries, waits and ends, against a server that fails as it is told. */
import assert from "node:assert/strict";
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";

import { Jppnet, type ClientOptions, type ProblemError, type Retry } from "jppnet";

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

const PHOTO = new Blob(["a photo"]);

/** A client of a server that gives these answers in turn, the last one for good; and the requests that it got. */
async function script(t: TestContext, answers: Answer[], options: ClientOptions = {}) {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      requests.push(request);
      answers[Math.min(requests.length, answers.length) - 1]!(response, request);
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { client: new Jppnet(`http://127.0.0.1:${port}/behind/a/proxy`, options), requests };
}

const people: Answer = (response) =>
  response.writeHead(200, { "Content-Type": "application/json" }).end('{"people": []}');

const problem =
  (status: number, name: string, headers: Record<string, string> = {}): Answer =>
  (response) =>
    response
      .writeHead(status, { "Content-Type": "application/problem+json", ...headers })
      .end(JSON.stringify({ type: `urn:jppnet:problem:${name}`, title: name, status, detail: "why", request_id: "7" }));

const hangUp: Answer = (response) => response.socket?.destroy();
const halfAnAnswer: Answer = (response) => {
  response.writeHead(200, { "Content-Type": "application/json", "Content-Length": "100" }).write("{");
  setTimeout(() => response.socket?.destroy(), 20);
};
const never: Answer = () => {};

test("a busy service is tried again after the time that it names", async (t) => {
  const { client, requests } = await script(t, [problem(503, "overloaded", { "Retry-After": "1" }), people]);
  const began = Date.now();
  assert.deepEqual(await client.pose(PHOTO), { people: [] });
  assert.equal(requests.length, 2);
  assert.ok(Date.now() - began >= 1_000);
});

test("who wants to know is told of every further try", async (t) => {
  const retries: Retry[] = [];
  const busy = problem(503, "overloaded", { "Retry-After": "0" });
  const { client } = await script(t, [busy, hangUp, people], { onRetry: (retry) => retries.push(retry) });
  await client.pose(PHOTO);
  assert.deepEqual(retries.map(({ tries, waitMs }) => [tries, waitMs]), [[1, 0], [2, 1_000]]);
  assert.equal((retries[0]?.reason as ProblemError).type, "urn:jppnet:problem:overloaded");
  assert.ok(retries[1]?.reason instanceof TypeError);
});

test("a date is a time to wait for, too", async (t) => {
  const past = { "Retry-After": new Date(0).toUTCString() };
  const { client, requests } = await script(t, [problem(503, "overloaded", past), people]);
  await client.pose(PHOTO);
  assert.equal(requests.length, 2);
});

const ODD = ["", "-5", "NaN", "Infinity", "1e3", "0x10", "soon", "Thu, 99 Jan 1970 00:00:00 GMT", "1, 2", "-1 day"];
for (const odd of ODD) {
  test(`a time to wait that is none (${odd}) is as if none were named`, async (t) => {
    const { client, requests } = await script(t, [problem(503, "overloaded", { "Retry-After": odd }), people]);
    const began = Date.now();
    await client.pose(PHOTO);
    assert.equal(requests.length, 2);
    assert.ok(Date.now() - began >= 400 && Date.now() - began < 5_000);
  });
}

test("a time to wait without end is not waited for", async (t) => {
  for (const long of ["9".repeat(400), "Fri, 31 Dec 9999 23:59:59 GMT"]) {
    const { client, requests } = await script(t, [problem(503, "overloaded", { "Retry-After": long })]);
    await assert.rejects(client.pose(PHOTO), { status: 503 });
    assert.equal(requests.length, 1);
  }
});

const reply =
  (status: number, type: string, content: string | Uint8Array): Answer =>
  (response) =>
    response.writeHead(status, { "Content-Type": type, "X-Request-ID": "9" }).end(content);

const STRANGE: [string, string, string][] = [
  ["a page", "text/html", "<h1>It works!</h1>"],
  ["nothing", "application/json", ""],
  ["JSON that is cut off", "application/json", '{"people": ['],
  ["JSON without end", "application/json", "[".repeat(100_000)],
  ["null", "application/json", "null"],
  ["a number", "application/json", "7"],
];
for (const [what, type, content] of STRANGE) {
  test(`${what} is no answer of the service, and said to be none`, async (t) => {
    const { client } = await script(t, [reply(200, type, content)]);
    const title = "Not an answer of jppnet";
    const none = { name: "ProblemError", type: "about:blank", title, status: 200, requestId: "9" };
    await assert.rejects(client.pose(PHOTO), none);
    await assert.rejects(client.parse(PHOTO, { format: "hf" }), none);
    await assert.rejects(client.parse(PHOTO, { format: "mask" }), none);
    await assert.rejects(client.model(), none);
    await assert.rejects(client.health(), none);
  });
}

test("only whole pictures are given", async (t) => {
  const png = Buffer.from("\x89PNG and so on IEND\xaeB`\x82", "latin1");
  const replies = [reply(200, "image/png", png), reply(200, "image/png", png.subarray(0, -2)), reply(200, "image/jpeg", png)];
  const { client } = await script(t, replies);
  assert.equal((await client.parse(PHOTO, { format: "mask" })).size, png.length);
  await assert.rejects(client.parse(PHOTO, { format: "mask" }), { title: "Not an answer of jppnet" });
  await assert.rejects(client.parse(PHOTO, { format: "overlay" }), { title: "Not an answer of jppnet" });
});

for (const content of ["", "{", "[]", "null", '{"type": 7, "status": "503"}', "[".repeat(99_999)]) {
  test(`a problem that is none (${content.slice(0, 30)}) is still told`, async (t) => {
    const { client } = await script(t, [reply(422, "application/problem+json", content)]);
    await assert.rejects(client.pose(PHOTO), { name: "ProblemError", type: "about:blank", status: 422, requestId: "9" });
  });
}

test("it gives up after the tries that are allowed", async (t) => {
  const busy = problem(503, "overloaded", { "Retry-After": "0" });
  const { client, requests } = await script(t, [busy], { retries: 3 });
  await assert.rejects(client.pose(PHOTO), { status: 503, type: "urn:jppnet:problem:overloaded", requestId: "7" });
  assert.equal(requests.length, 4);
});

test("it does not wait for what comes too late", async (t) => {
  const busy = problem(503, "overloaded", { "Retry-After": "60" });
  const { client, requests } = await script(t, [busy], { timeoutMs: 5_000 });
  await assert.rejects(client.pose(PHOTO), { status: 503 });
  assert.equal(requests.length, 1);
});

for (const [what, broken] of Object.entries({ "before an answer": hangUp, "within one": halfAnAnswer })) {
  test(`a connection that breaks ${what} is made again`, async (t) => {
    const { client, requests } = await script(t, [broken, people]);
    assert.deepEqual(await client.pose(PHOTO), { people: [] });
    assert.equal(requests.length, 2);
  });
}

for (const status of [400, 401, 422, 500, 504]) {
  test(`${status} is final`, async (t) => {
    const { client, requests } = await script(t, [problem(status, "final")]);
    await assert.rejects(client.pose(PHOTO), { name: "ProblemError", status, detail: "why" });
    assert.equal(requests.length, 1);
  });
}

test("health is asked once", async (t) => {
  const { client, requests } = await script(t, [problem(503, "device-failed")]);
  await assert.rejects(client.health(), { status: 503 });
  assert.equal(requests.length, 1);
});

test("nobody there is fetch's own error", async () => {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  await assert.rejects(new Jppnet(`http://127.0.0.1:${port}`, { retries: 0 }).pose(PHOTO), TypeError);
});

test("an error page that is no problem is still told", async (t) => {
  const { client } = await script(t, [(response) => response.writeHead(502).end("<h1>Bad gateway</h1>")]);
  await assert.rejects(client.pose(PHOTO), {
    type: "about:blank",
    status: 502,
    title: "Bad Gateway",
    detail: "<h1>Bad gateway</h1>",
  });
});

test("aborting ends a call that waits for its answer, or for its next try", async (t) => {
  const waiting = problem(503, "overloaded", { "Retry-After": "20" });
  for (const answer of [never, waiting]) {
    const reason = new Error("changed my mind");
    const controller = new AbortController();
    const answerAndAbort: Answer = (response, request) => {
      answer(response, request);
      setTimeout(() => controller.abort(reason), 50);
    };
    const { client, requests } = await script(t, [answerAndAbort]);
    await assert.rejects(client.pose(PHOTO, { signal: controller.signal }), reason);
    await assert.rejects(client.pose(PHOTO, { signal: AbortSignal.abort(reason) }), reason);
    assert.equal(requests.length, 1);
  }
});

test("a call ends with its time, of which the service is told what is left", async (t) => {
  const busy = problem(503, "overloaded", { "Retry-After": "0" });
  const { client, requests } = await script(t, [busy, never], { timeoutMs: 1_000 });
  await assert.rejects(client.pose(PHOTO), { name: "TimeoutError" });
  const [first, second] = requests.map((request) => Number(request.headers["x-request-timeout-ms"]));
  assert.ok(first! <= 1_000 && second! <= first! && second! > 0);
});

test("a question is asked as the service wants it", async (t) => {
  const { client, requests } = await script(t, [people], { apiKey: "secret" });
  await client.parse(PHOTO, { labels: ["hair", 13], opacity: 0, mask: "rle", boxes: [[1, 2, 3, 4], [5, 6, 7, 8]] });
  const [request] = requests;
  const url = new URL(request!.url!, "http://service");
  assert.equal(url.pathname, "/behind/a/proxy/parse");
  assert.deepEqual([...url.searchParams], [
    ["format", "json"],
    ["labels", "hair,13"],
    ["opacity", "0"],
    ["mask", "rle"],
    ["box", "1,2,3,4"],
    ["box", "5,6,7,8"],
  ]);
  assert.equal(request!.headers.authorization, "Bearer secret");
});
