// The fast gate: format and lint, layers, dead code, types, generated files, unit tests. Prints what failed and how to mend it.
// Names of steps run only those; `--no-tests` runs all but the tests.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { build, root } from "./build.mjs";

const bin = (name) => path.join(root, "node_modules", ".bin", name);

const steps = [
  ["format and lint", [bin("biome"), "ci", "--error-on-warnings", "."], "npm run format"],
  [
    "layers",
    [bin("depcruise"), "src", "web/src", "--output-type", "err"],
    "see docs/architecture.md for what a room may import",
  ],
  [
    "reach",
    [process.execPath, path.join(root, "scripts", "reach.mjs")],
    "a process loads what another one is for: move what both need",
  ],
  ["dead code", [bin("knip")], "remove what nothing uses"],
  ["types", [bin("tsc"), "-p", "."], "npx tsc -p ."],
  ["types of the pages", [bin("tsc"), "-p", "web"], "npx tsc -p web"],
  [
    "generated files",
    [process.execPath, path.join(root, "dist", "generate.js"), "--check"],
    "npm run gen",
  ],
  [
    "unit tests",
    [bin("vitest"), "run", "--project", "unit", "--project", "web"],
    "npx vitest --project unit",
  ],
];

await build();
const named = process.argv.slice(2).filter((arg) => arg !== "--no-tests");
const withoutTests = process.argv.includes("--no-tests");
for (const [name, [command, ...args], remedy] of steps) {
  if (named.length > 0 && !named.includes(name)) continue;
  if (withoutTests && name === "unit tests") continue;
  const { status } = spawnSync(command, args, { cwd: root, stdio: "inherit" });
  if (status !== 0) {
    console.error(`\ncheck: ${name} failed; ${remedy}`);
    process.exit(1);
  }
}
console.log("\ncheck: all good");
