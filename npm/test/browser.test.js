// The entry of browsers, in Deno: it has a browser's fetch and module loader, and takes the package from a web server as a browser would.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { verifyBytes } from "image-integrity";

const packageFolder = fileURLToPath(new URL("..", import.meta.url));

for (const wasmType of ["application/wasm", "application/octet-stream"]) {
  test(`a page loads the package from a server that calls the module ${wasmType}`, async (t) => {
    const { origin, asked } = await serve(t, wasmType);
    const answer = await page(t, `
      const { verify, verifyBytes } = await import("${origin}/src/browser.js");
      const bytes = new TextDecoder().decode(verifyBytes("{}"));
      console.log(JSON.stringify([bytes, verify({})]));
    `);
    const [bytes, object] = JSON.parse(answer);
    assert.equal(bytes, Buffer.from(verifyBytes("{}")).toString());
    assert.deepEqual(object, JSON.parse(bytes));
    assert.deepEqual(asked, ["/src/browser.js", "/dist/image_integrity.js", "/src/api.js", "/dist/image_integrity_bg.wasm"].toSorted());
  });
}

test("a package whose module is missing does not load", async (t) => {
  const { origin } = await serve(t, undefined);
  await assert.rejects(page(t, `await import("${origin}/src/browser.js");`), /404/);
});

/** Serves the package on loopback, the module under that type or not at all. */
async function serve(t, wasmType) {
  const asked = [];
  const server = createServer((request, response) => {
    const type = request.url.endsWith(".wasm") ? wasmType : "text/javascript";
    if (type === undefined) {
      response.writeHead(404).end();
      return;
    }
    asked.push(request.url);
    asked.sort();
    response.writeHead(200, { "content-type": type }).end(readFileSync(join(packageFolder, request.url)));
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  t.after(() => server.close());
  return { origin: `http://127.0.0.1:${server.address().port}`, asked };
}

/** What a script prints. */
async function page(t, script) {
  const folder = mkdtempSync(join(tmpdir(), "image-integrity-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const deno = join(dirname(createRequire(import.meta.url).resolve("deno/package.json")), "bin.cjs");
  const { stdout } = await promisify(execFile)(process.execPath, [deno, "eval", "--no-config", "--no-lock", script], {
    env: { ...process.env, DENO_DIR: folder, DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" },
    cwd: folder,
  });
  return stdout;
}
