import type { Answer } from "./answer.js";
import type { Problem } from "./types.js";

/** The service, or something before it, answered that the call failed. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  /** Stable name of the kind of problem, such as `urn:jppnet:problem:unknown-label`; `about:blank` if nobody gave one. */
  readonly type: string;
  readonly title: string;
  /** What is wrong with this very call, and what to do. */
  readonly detail: string;
  readonly status: number;
  /** Finds the call in the service's log. */
  readonly requestId: string | undefined;

  constructor(problem: Omit<Problem, "request_id"> & { request_id?: string | undefined }) {
    super(`${problem.title}: ${problem.detail}`);
    this.type = problem.type;
    this.title = problem.title;
    this.detail = problem.detail;
    this.status = problem.status;
    this.requestId = problem.request_id;
  }

  /** The problem that an answer is. A proxy's error page has no type and says what it says. */
  static async of({ response, body }: Answer): Promise<ProblemError> {
    const text = await body.text();
    if (response.headers.get("content-type")?.startsWith("application/problem+json")) {
      return new ProblemError(JSON.parse(text) as Problem);
    }
    return new ProblemError({
      type: "about:blank",
      title: response.statusText || `Status ${response.status}`,
      detail: text.slice(0, 500),
      status: response.status,
      request_id: response.headers.get("x-request-id") ?? undefined,
    });
  }
}
