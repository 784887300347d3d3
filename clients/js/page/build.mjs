// Makes service/web/client/ for the service's own page: of this package, and of onnxruntime-web, which its Worker runs.
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const runtime = here("../node_modules/onnxruntime-web/");
const { version, license } = JSON.parse(readFileSync(`${runtime}package.json`, "utf8"));
const out = process.argv[2] ?? here("../../../service/web/client/");

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const options = { bundle: true, minify: true, format: "esm", target: "es2022", logLevel: "error" };
await build({ ...options, entryPoints: [here("index.ts")], outfile: `${out}/jppnet.js` });
await build({
  ...options,
  entryPoints: [here("../src/local/worker.ts")],
  outfile: `${out}/worker.js`,
  // The page's Worker runs on WebAssembly; what WebGPU needs is another 27 MB.
  alias: { "onnxruntime-web/webgpu": "onnxruntime-web/wasm" },
  legalComments: "none",
  banner: { js: `/* With onnxruntime-web ${version} (licence ${license}), Copyright Microsoft Corporation: see NOTICE.txt */` },
});
// Level 9 makes it a quarter of its size; the browser unpacks it.
writeFileSync(`${out}/ort.wasm.gz`, gzipSync(readFileSync(`${runtime}dist/ort-wasm-simd-threaded.wasm`), { level: 9 }));
copyFileSync(here("NOTICE.txt"), `${out}/NOTICE.txt`);
