// Every document of the corpus has the verdict of the native code, to the byte.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { verify, verifyBytes } from "image-integrity";

const folder = process.env.IMAGE_INTEGRITY_CORPUS;
assert(folder, "IMAGE_INTEGRITY_CORPUS names the folder of the corpus; ./build.sh e2e writes one");
const cases = readdirSync(folder).filter((name) => name.endsWith(".input")).map((name) => name.slice(0, -".input".length));
assert(cases.length > 50, `only ${cases.length} cases`);

for (const name of cases) {
  const input = readFileSync(join(folder, `${name}.input`));
  const verdict = readFileSync(join(folder, `${name}.verdict`));

  test(`bytes: ${name}`, () => {
    assert.equal(Buffer.from(verifyBytes(input)).toString(), verdict.toString());
    assert.deepEqual(verifyBytes(input.toString()), verifyBytes(input));
  });

  const object = parsed(input);
  // An object has each name once, and is refused or accepted for what it holds.
  if (object !== undefined && !verdict.includes("DUPLICATE_MEMBER")) {
    test(`object: ${name}`, () => assert.deepEqual(verify(object), JSON.parse(verdict)));
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
