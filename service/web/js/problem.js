/** What went wrong, in the service's words or, where it could not speak, in ours. */

/** Seconds after which nobody waits before a page any more. */
const LONGEST = 60;

export class Problem extends Error {
  /**
   * @param {string} title
   * @param {string} detail a sentence that says what to do
   * @param {{status?: number, retryAfter?: number, requestId?: string}} [more] retryAfter in seconds
   */
  constructor(title, detail, { status = 0, retryAfter, requestId } = {}) {
    super(detail);
    this.title = title;
    this.detail = detail;
    this.status = status;
    this.retryAfter = retryAfter;
    this.requestId = requestId;
  }
}

/**
 * The problem that an answer without success describes (RFC 9457), or that its status alone means.
 *
 * @param {Response} response
 * @returns {Promise<Problem>}
 */
export async function problemOf(response) {
  const { status } = response;
  const asked = response.headers.get("Retry-After")?.trim() ?? "";
  const more = { status, retryAfter: /^\d+$/.test(asked) && Number(asked) <= LONGEST ? Number(asked) : undefined };
  if (response.headers.get("Content-Type")?.startsWith("application/problem+json")) {
    const said = await response.json().catch(() => null); // cut off, or no JSON after all
    if (typeof said?.title === "string" && typeof said.detail === "string") {
      return new Problem(said.title, said.detail, { ...more, requestId: said.request_id });
    }
  }
  return new Problem(
    `The answer was ${status} ${response.statusText}`.trim(),
    "It does not come from the photo service itself, but from something in between, such as a proxy.",
    more,
  );
}

/** The problem of a success that is no answer of the service, or not a whole one. */
export function unreadable() {
  return new Problem(
    "No answer of the photo service",
    "What came back is not what the service answers, or not all of it. Something in between, such as a proxy, may have " +
      "answered in its place. Try again.",
  );
}

/** The problem of a call that got no answer at all. */
export function unreachable() {
  return new Problem(
    "No answer",
    `${location.host} could not be reached, or hung up. Check that the service runs and that you are online; ` +
      "a photo that is larger than the service accepts can end like this too.",
  );
}
