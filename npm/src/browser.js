// Browsers: the module is fetched from beside wasm-bindgen's file, by a URL that bundlers recognise, and compiled while it arrives.

import init from "../dist/image_integrity.js";

await init();

export { verify, verifyBytes } from "./api.js";
