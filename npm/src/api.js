// What JavaScript sees of the module. The module reads JSON text and nothing else, so that it judges what every other host judges.

import { __wbg_reset_state as startAnew, verify as evaluate } from "../dist/image_integrity.js";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

export function verify(input) {
  // A value that JSON has no text for, as undefined, is an empty text: the module says what is wrong with it.
  return JSON.parse(decoder.decode(judge(encoder.encode(JSON.stringify(input) ?? ""))));
}

export function verifyBytes(input) {
  if (typeof input === "string") {
    return judge(encoder.encode(input));
  }
  if (input instanceof Uint8Array) {
    return judge(input);
  }
  throw new TypeError("image-integrity: the input of verifyBytes is a string or a Uint8Array");
}

let unfinished = false;

function judge(text) {
  // A call that ended in an exception (memory or the caller's stack ran out) has left the instance amid its work: nothing in it is reliable.
  if (unfinished) {
    startAnew();
  }
  unfinished = true;
  const verdict = finished(text);
  unfinished = false;
  return verdict;
}

function finished(text) {
  try {
    return evaluate(text);
  } catch (cause) {
    throw new Error("image-integrity: the module stopped without a verdict, since memory or the stack ran out", { cause });
  }
}
