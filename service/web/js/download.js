/** Files for the user to keep. */

/**
 * @param {BlobPart} content
 * @param {string} type
 * @param {string} name
 */
export function download(content, type, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/**
 * “holiday.jpg” and “-mask.png” make “holiday-mask.png”.
 *
 * @param {string} photo
 * @param {string} ending
 */
export function renamed(photo, ending) {
  return photo.replace(/\.[^.]*$/, "") + ending;
}

/**
 * @param {string} base64
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}
