import { rename } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../..");

/** Encoded media is the same for every test run, so it is kept beside the packages, as build tools keep theirs. */
export const mediaCacheDir = path.join(root, "node_modules/.cache/connvo/media");

/** Bundles the encoder's child process from the present sources and returns the program's path. */
export async function buildEncoderProgram(): Promise<string> {
  const file = path.join(root, "node_modules/.cache/connvo/test/encodeProcess.mjs");
  const fresh = `${file}.${process.pid}`;
  await build({
    entryPoints: [path.join(root, "src/synth/media/encodeProcess.ts")],
    outfile: fresh,
    bundle: true,
    packages: "external",
    format: "esm",
    platform: "node",
    target: "node20.19",
  });
  await rename(fresh, file);
  return file;
}
