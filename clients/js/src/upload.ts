import type { UploadProgress } from "./options.js";

/** `fetch` by XMLHttpRequest, which alone tells how much of a request is sent. */
export const uploadWith =
  (onProgress: (progress: UploadProgress) => void): typeof fetch =>
  (input, { method = "GET", headers, body, signal } = {}) =>
    new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open(method, String(input));
      request.responseType = "blob";
      new Headers(headers).forEach((value, name) => request.setRequestHeader(name, value));
      request.upload.onprogress = ({ loaded, total }) => onProgress({ loaded, total });
      request.onload = () => {
        const lines = request.getAllResponseHeaders().trim().split("\r\n");
        const sent = new Headers(lines.map((line) => line.split(/: ?(.*)/s).slice(0, 2) as [string, string]));
        const { status, statusText, response } = request;
        const empty = [204, 205, 304].includes(status);
        resolve(new Response(empty ? null : (response as Blob), { status, statusText, headers: sent }));
      };
      request.onerror = () => reject(new TypeError("The service is not to be reached."));
      request.onabort = () => reject(signal?.reason);
      signal?.addEventListener("abort", () => request.abort(), { once: true });
      if (signal?.aborted) return reject(signal.reason);
      request.send(body as XMLHttpRequestBodyInit);
    });
