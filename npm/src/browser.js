// Browsers: the module is fetched by a URL that bundlers recognise, and compiled while it arrives.

import init from "../dist/image_integrity.js";

await init({ module_or_path: new URL("../dist/image_integrity_bg.wasm", import.meta.url) });

export { verify, verifyBytes } from "./api.js";
