// Whatever is asked, the answer is a denial or an error, and the next answer is right.

import assert from "node:assert/strict";
import { test } from "node:test";

import { verify, verifyBytes } from "image-integrity";

const code = (verdict) => verdict.error.code;
const read = (bytes) => JSON.parse(Buffer.from(bytes));

test("what is no input document is refused with a code", () => {
  for (const input of [undefined, null, 1, "text", true, [], {}, () => 1, Symbol("input"), new Map()]) {
    assert.equal(code(verify(input)), "INPUT_MALFORMED", String(input));
  }
});

test("bytes that are no UTF-8 are refused with a code", () => {
  assert.equal(code(read(verifyBytes(Uint8Array.of(0x22, 0xff, 0x22)))), "INPUT_MALFORMED");
});

test("a name that occurs twice is refused in bytes", () => {
  assert.equal(code(read(verifyBytes('{"now":"","now":""}'))), "DUPLICATE_MEMBER");
});

test("an image by the name of a prototype is answered for like another", () => {
  const images = JSON.parse('{"__proto__":{},"constructor":{}}');
  const verdict = verify({ apiVersion: "image-integrity/v1", images });
  assert.deepEqual(Object.keys(verdict.images), ["__proto__", "constructor"]);
  assert.equal(Object.getOwnPropertyDescriptor(verdict.images, "__proto__").value.isSuccess, false);
});

test("an input that JSON cannot hold is an error", () => {
  const circular = {};
  circular.images = circular;
  assert.throws(() => verify(circular), TypeError);
  assert.throws(() => verify({ now: 1n }), TypeError);
});

test("bytes that are no bytes are an error", () => {
  for (const input of [undefined, null, 1, {}, [1, 2], new ArrayBuffer(2), new Uint16Array(2)]) {
    assert.throws(() => verifyBytes(input), TypeError);
  }
});

test("an input above 128 MiB is refused with a code", () => {
  assert.equal(code(read(verifyBytes(new Uint8Array((128 << 20) + 1)))), "INPUT_TOO_LARGE");
});

test("an input above all memory is an error, and the next answer is right", () => {
  const before = verifyBytes("{}");
  // The pages of an array that nobody reads are never made.
  for (let turn = 0; turn < 3; turn++) {
    assert.throws(() => verifyBytes(new Uint8Array(0xffff_0000)), /stopped without a verdict/);
    assert.deepEqual(verifyBytes("{}"), before);
  }
});

// Guards `unfinished` in api.js: without it the module's own stack loses a piece each time, until no call succeeds.
test("a call that the end of the caller's stack interrupts is an error, and the next answer is right", () => {
  const input = JSON.stringify({ apiVersion: "image-integrity/v1", images: nested(50) });
  const before = verifyBytes(input);
  let interrupted = 0;
  // Comes back from the deepest frame and asks at each, until the stack is enough.
  const ask = () => {
    if (descend()) return true;
    try {
      verifyBytes(input);
      return true;
    } catch {
      interrupted += 1;
      return false;
    }
  };
  const descend = () => {
    try {
      return ask();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return false;
    }
  };
  for (let turn = 0; turn < 10; turn++) {
    assert.equal(descend(), true);
    assert.deepEqual(verifyBytes(input), before);
  }
  assert(interrupted > 1000, `only ${interrupted} calls were interrupted`);
});

const nested = (depth) => (depth === 0 ? {} : { image: nested(depth - 1) });
