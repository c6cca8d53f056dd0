// `node scripts/run.mjs <program> …args`: runs one of our programs, built first when the sources are newer.
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { build, root } from "./build.mjs";
import { endWithNpm } from "./launcher.mjs";

const programs = [
  "demo",
  "backup",
  "restore",
  "storageMove",
  "getstreamSetup",
  "getstreamSmoke",
  "generate",
  "bench",
];

/** The generator is built on its own: it must also run when what it generates is missing, and with it the rest of the build. */
async function buildGenerator() {
  const esbuild = await import("esbuild");
  const dir = path.join(root, "node_modules", ".cache", "connvo");
  const outfile = path.join(dir, "generate.mjs");
  await mkdir(dir, { recursive: true });
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: ["src/cli/generate.ts"],
    outfile,
    bundle: true,
    packages: "external",
    format: "esm",
    platform: "node",
    target: "node20.19",
    sourcemap: "inline",
    logLevel: "error",
  });
  return outfile;
}

const [name, ...args] = process.argv.slice(2);
if (!programs.includes(name)) {
  console.error(`Usage: node scripts/run.mjs ${programs.join("|")} …`);
  process.exit(2);
}

endWithNpm();
process.setSourceMapsEnabled(true);
let file;
if (name === "generate") {
  file = await buildGenerator();
} else {
  await build();
  file = path.join(root, "dist", `${name}.js`);
}
process.argv = [process.execPath, file, ...args];
await import(pathToFileURL(file).href);
