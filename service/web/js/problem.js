/** What went wrong, in the service's words or, where it could not speak, in ours. */

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
  const seconds = Number(response.headers.get("Retry-After") || NaN);
  const more = { status, retryAfter: Number.isFinite(seconds) ? seconds : undefined };
  if (response.headers.get("Content-Type")?.startsWith("application/problem+json")) {
    const { title, detail, request_id: requestId } = await response.json();
    return new Problem(title, detail, { ...more, requestId });
  }
  return new Problem(
    `The answer was ${status} ${response.statusText}`.trim(),
    "It does not come from the photo service itself, but from something in between, such as a proxy.",
    more,
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
