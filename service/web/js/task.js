/** The one thing that is under way. Whatever begins next ends it, and so does the user. */

export class Task {
  #controller = new AbortController();

  /**
   * Ends what is under way, and begins something else.
   *
   * @returns {AbortSignal}
   */
  begin() {
    this.cancel();
    this.#controller = new AbortController();
    return this.#controller.signal;
  }

  cancel() {
    this.#controller.abort();
  }

  /** @param {AbortSignal} signal of something that was begun */
  isCurrent(signal) {
    return this.#controller.signal === signal;
  }
}
