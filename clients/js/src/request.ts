import type { Answer } from "./answer.js";
import type { Retry } from "./options.js";
import { ProblemError } from "./problem.js";

/** Longest time that the service lets a call ask for. */
const LONGEST_TIMEOUT_MS = 600_000;
/** How much longer than the service a call waits: so that the service's own word that the time is up still arrives. */
const GRACE_MS = 1_000;
/** The wait before the second try where the service names none; it doubles from try to try. */
const FIRST_WAIT_MS = 500;

export interface Terms {
  fetch: typeof fetch;
  retries: number;
  timeoutMs: number;
  signal: AbortSignal | undefined;
  onRetry: ((retry: Retry) => void) | undefined;
}

/**
 * Sends a request until it is answered. Every call of the service gives the same answer however often it is made, so a
 * busy service (503) or a broken connection is tried again, as long as there is time.
 *
 * Rejects with a `ProblemError`, the signal's reason, a `TimeoutError`, or, without any answer, fetch's `TypeError`.
 */
export async function send(url: URL, request: RequestInit, terms: Terms): Promise<Answer> {
  const end = Date.now() + terms.timeoutMs;
  const limit = withLimit(terms.signal, terms.timeoutMs + GRACE_MS);
  try {
    for (let tries = 0; ; tries++) {
      const outcome = await attempt(url, request, end, limit.signal, terms.fetch);
      if (!(outcome instanceof TypeError)) {
        if (outcome.response.ok) return outcome;
        if (outcome.response.status !== 503) throw await ProblemError.of(outcome);
      }
      const wait = waitAfter(tries, outcome);
      const reason = outcome instanceof TypeError ? outcome : await ProblemError.of(outcome);
      if (tries >= terms.retries || Date.now() + wait >= end) throw reason;
      terms.onRetry?.({ tries: tries + 1, waitMs: wait, reason });
      await sleep(wait, limit.signal);
    }
  } finally {
    limit.clear();
  }
}

/** The answer, or the error for want of one. Aborting is no such error: it ends the call. */
async function attempt(
  url: URL,
  request: RequestInit,
  end: number,
  signal: AbortSignal,
  fetch: Terms["fetch"],
): Promise<Answer | TypeError> {
  const headers = new Headers(request.headers);
  const remaining = Math.max(1, end - Date.now());
  if (request.method === "POST") headers.set("X-Request-Timeout-Ms", `${Math.min(remaining, LONGEST_TIMEOUT_MS)}`);
  try {
    const response = await fetch(url, { ...request, headers, signal });
    return { response, body: await response.blob() };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof TypeError) return error;
    throw error;
  }
}

/** Milliseconds to wait after a try (the first is 0): what the service asks for, else twice as long each time. */
function waitAfter(tries: number, outcome: Answer | TypeError): number {
  const asked = outcome instanceof TypeError ? null : outcome.response.headers.get("retry-after");
  return askedWait(asked?.trim() ?? "") ?? FIRST_WAIT_MS * 2 ** tries;
}

/** The milliseconds that `Retry-After` names, as seconds or a date; undefined if it is neither. */
function askedWait(asked: string): number | undefined {
  if (/^\d+$/.test(asked)) return Number(asked) * 1_000;
  const date = /^[A-Z][a-z]+,? /.test(asked) ? Date.parse(asked) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

/** A signal that follows another and aborts by itself when the time is up. */
function withLimit(signal: AbortSignal | undefined, milliseconds: number): { signal: AbortSignal; clear: () => void } {
  const controller = new AbortController();
  const follow = () => controller.abort(signal?.reason);
  const timer = setTimeout(
    () => controller.abort(new DOMException("The service did not answer in time.", "TimeoutError")),
    milliseconds,
  );
  if (signal?.aborted) follow();
  signal?.addEventListener("abort", follow);
  return {
    signal: controller.signal,
    clear: () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", follow);
    },
  };
}

function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal.addEventListener("abort", stop, { once: true });
  });
}
