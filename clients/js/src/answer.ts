/** A whole answer: nothing of it is left to wait for. */
export interface Answer {
  response: Response;
  body: Blob;
}
