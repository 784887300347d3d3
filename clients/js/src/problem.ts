import type { Answer } from "./answer.js";
import type { ProblemType } from "./problem-type.js";
import type { Problem } from "./types.js";

/** How much of an answer that is no problem is told, in characters or bytes. */
const LONGEST = 500;

/** The service, or something before it, answered that the call failed; or what answered is not the service. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  /** Stable name of the kind of problem, such as `urn:jppnet:problem:unknown-label`; `about:blank` if nobody gave one. */
  readonly type: ProblemType;
  readonly title: string;
  /** What is wrong with this very call, and what to do. */
  readonly detail: string;
  readonly status: number;
  /** Finds the call in the service's log. */
  readonly requestId: string | undefined;

  constructor(problem: Omit<Problem, "request_id"> & { request_id?: string | undefined }) {
    super(`${problem.title}: ${problem.detail}`);
    this.type = problem.type as ProblemType;
    this.title = problem.title;
    this.detail = problem.detail;
    this.status = problem.status;
    this.requestId = problem.request_id;
  }

  /** The problem that an answer is. A proxy's error page has no type and says what it says. */
  static async of({ response, body }: Answer): Promise<ProblemError> {
    const text = await body.text();
    const said = response.headers.get("content-type")?.toLowerCase().startsWith("application/problem+json")
      ? readObject(text)
      : undefined;
    const title = response.statusText || `Status ${response.status}`;
    return new ProblemError({
      type: textOf(said?.["type"]) ?? "about:blank",
      title: textOf(said?.["title"]) ?? title,
      detail: textOf(said?.["detail"]) ?? (said ? "" : text.slice(0, LONGEST)),
      status: response.status,
      request_id: textOf(said?.["request_id"]) ?? response.headers.get("x-request-id") ?? undefined,
    });
  }

  /** The problem that a success is, if it is no answer of a jppnet service or not a whole one. */
  static async unreadable({ response, body }: Answer): Promise<ProblemError> {
    const kind = response.headers.get("content-type") ?? "of no type";
    const begins = await body.slice(0, LONGEST).text();
    return new ProblemError({
      type: "about:blank",
      title: "Not an answer of jppnet",
      detail:
        `${response.url} answers ${response.status}, but not as the service does, or not wholly ` +
        `(${kind}, ${body.size} bytes): ${begins}`,
      status: response.status,
      request_id: response.headers.get("x-request-id") ?? undefined,
    });
  }
}

function readObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
