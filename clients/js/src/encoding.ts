/** Bytes as text: in headers, and in JSON. */

/** The header that shows a key. A header holds bytes, one a character: those of the key in UTF-8. */
export function authorization(apiKey: string | null | undefined): Record<string, string> {
  if (!apiKey) return {};
  return { Authorization: `Bearer ${String.fromCharCode(...new TextEncoder().encode(apiKey))}` };
}

export async function base64(blob: Blob): Promise<string> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}
