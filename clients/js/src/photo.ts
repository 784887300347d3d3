/** A JPEG, PNG or WebP file: a `File` or `Blob`, or its bytes (a `Uint8Array`, Node's `Buffer`, an `ArrayBuffer`). */
export type Photo = Blob | ArrayBuffer | ArrayBufferView;

/** The photo as a request's body. Node's `Buffer` is a view of memory that it shares, so only the view is taken. */
export function photoBody(photo: Photo): Blob {
  if (photo instanceof Blob) return photo;
  if (photo instanceof ArrayBuffer || ArrayBuffer.isView(photo)) return new Blob([photo as BlobPart]);
  throw new TypeError("A photo is a File, a Blob, an ArrayBuffer or a view of one, such as a Uint8Array.");
}
