/** The model file: from the cache if it is still the served one, else from the network. */
import { authorization } from "../encoding.js";

const CACHE = "jppnet-models";

/** Where the photos stay, the model may stay, too: without a network, the cached file is used. */
export async function fetchModelFile(
  url: string,
  apiKey: string | undefined,
  onProgress: (loaded: number, total: number | undefined) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  // Cache Storage is only there in secure contexts (https and localhost).
  const cache = typeof caches === "undefined" ? undefined : await caches.open(CACHE);
  const cached = await cache?.match(url);
  const tag = cached?.headers.get("etag");
  const headers = { ...authorization(apiKey), ...(tag && { "If-None-Match": tag }) };
  const answer = await fetch(url, { headers, cache: "no-store" }).catch((error: unknown) => {
    if (cached) return cached;
    throw error;
  });
  if (cached && (answer === cached || answer.status === 304)) return new Uint8Array(await cached.arrayBuffer());
  if (!answer.ok) throw new Error(`${url} answers ${answer.status} in place of a model file.`);
  const file = await readAll(answer, onProgress);
  // A full disk is no reason not to run.
  const kept = new Response(file, { headers: { ETag: answer.headers.get("etag") ?? "" } });
  await cache?.put(url, kept).catch(() => undefined);
  return file;
}

async function readAll(
  answer: Response,
  onProgress: (loaded: number, total: number | undefined) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  // Compressed, the length that the server names is not the file's.
  const length = answer.headers.has("content-encoding") ? null : answer.headers.get("content-length");
  const total = length === null ? undefined : Number(length);
  let loaded = 0;
  const counted = answer.body!.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        onProgress((loaded += chunk.length), total);
        controller.enqueue(chunk as Uint8Array<ArrayBuffer>);
      },
    }),
  );
  return new Uint8Array(await new Response(counted).arrayBuffer());
}
