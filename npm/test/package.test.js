// The package as npm packs and installs it, in a folder that knows nothing of this one.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const packageFolder = fileURLToPath(new URL("..", import.meta.url));

test("the packed package has all that it needs, and nothing of its tests", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "image-integrity-"));
  t.after(() => rmSync(folder, { recursive: true }));

  const { stdout } = await run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], { cwd: packageFolder });
  const [{ filename, files }] = JSON.parse(stdout);
  assert.deepEqual(files.map(({ path }) => path).toSorted(), [
    "LICENSE",
    "README.md",
    "dist/contract.d.ts",
    "dist/image_integrity.js",
    "dist/image_integrity_bg.wasm",
    "package.json",
    "src/api.js",
    "src/browser.js",
    "src/index.d.ts",
    "src/node.js",
  ]);

  writeFileSync(join(folder, "package.json"), "{}");
  await run("npm", ["install", "--offline", "--ignore-scripts", join(folder, filename)], { cwd: folder });
  const script = `import { verify } from "image-integrity"; console.log(verify({}).error.code);`;
  const { stdout: code } = await run(process.execPath, ["--input-type=module", "--eval", script], { cwd: folder });
  assert.equal(code, "INPUT_MALFORMED\n");
});

test("the package has the version of the module", async () => {
  const { version } = JSON.parse(readFileSync(join(packageFolder, "package.json")));
  const { verify } = await import("image-integrity");
  const verdict = verify({ apiVersion: "image-integrity/v1", images: { "registry.example/app:v1": {} } });
  assert.equal(verdict.module.version, version);
});
