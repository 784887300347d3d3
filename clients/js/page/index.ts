/** What the service's own page takes of this package; `npm run page` makes service/web/client/ of it. */
export { drawSkeleton } from "../src/draw/index.js";
export { authorization, base64 } from "../src/encoding.js";
export { LocalJppnet } from "../src/local/index.js";
export { encodePng } from "../src/local/png.js";
export { enlarge, shrink, shrinkBox } from "../src/shrink.js";
export { uploadWith } from "../src/upload.js";
