import { rename } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { loadMediaLoop } from "../../../src/synth/media/encode.ts";
import type { LoopSpec, MediaLoop } from "../../../src/synth/media/mediaLoop.ts";
import { buildEncoderProgram, mediaCacheDir } from "../../support/synth/programs.ts";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../..");
let encoderProgram: Promise<string> | undefined;

/** Media of one participant: a small picture unless told otherwise, four seconds long, over and over. */
export async function loop(
  participant: number,
  wanted: Partial<LoopSpec> = {},
): Promise<MediaLoop> {
  encoderProgram ??= buildEncoderProgram();
  const spec = { participant, width: 320, height: 180, videoKbps: 400, seconds: 8, ...wanted };
  return loadMediaLoop(spec, { cacheDir: mediaCacheDir, encoderProgram: await encoderProgram });
}

/** Bundles the compositor's child process from the present sources and returns the program's path. */
export async function buildComposeProgram(): Promise<string> {
  const file = path.join(root, "node_modules/.cache/connvo/test/composeProcess.mjs");
  const fresh = `${file}.${process.pid}`;
  await build({
    entryPoints: [path.join(root, "src/media/render/process.ts")],
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
