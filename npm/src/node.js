// Node: the module is read from the file beside this one, since Node's fetch reads no files.

import { readFileSync } from "node:fs";

import { initSync } from "../dist/image_integrity.js";

initSync({ module: readFileSync(new URL("../dist/image_integrity_bg.wasm", import.meta.url)) });

export { verify, verifyBytes } from "./api.js";
