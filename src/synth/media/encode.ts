import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { defaultLoop, type LoopSpec, loopFormat, type MediaLoop, parseLoop } from "./mediaLoop.ts";

export interface EncodeOptions {
  /** Folder in which encoded loops are kept; made when missing. */
  cacheDir: string;
  /** The built `encodeProcess.js`. */
  encoderProgram: string;
  signal?: AbortSignal;
}

const encodeTimeoutMs = 120_000;

/**
 * A loop of test media, from the cache or encoded now in a process of its own (about a second for 4 s of 720p).
 * @throws Error when that process fails, with what it printed; the signal's reason when aborted
 */
export async function loadMediaLoop(
  wanted: Partial<LoopSpec>,
  options: EncodeOptions,
): Promise<MediaLoop> {
  const spec = { ...defaultLoop, ...wanted };
  const file = path.join(options.cacheDir, `${nameOf(spec)}.loop`);
  const cached = await readLoop(file);
  if (cached) return cached;
  await mkdir(options.cacheDir, { recursive: true });
  await runEncoder(spec, file, options);
  return parseLoop(await readFile(file));
}

function nameOf(spec: LoopSpec): string {
  const sorted = Object.entries(spec).sort(([a], [b]) => (a < b ? -1 : 1));
  const hash = createHash("sha256").update(JSON.stringify([loopFormat, sorted]));
  return hash.digest("hex").slice(0, 32);
}

/** A file that cannot be read is as good as none: it is encoded again. */
async function readLoop(file: string): Promise<MediaLoop | undefined> {
  try {
    return parseLoop(await readFile(file));
  } catch {
    return undefined;
  }
}

function runEncoder(spec: LoopSpec, file: string, options: EncodeOptions): Promise<void> {
  const { encoderProgram, signal } = options;
  const args = [encoderProgram, JSON.stringify(spec), file];
  const limits = { timeout: encodeTimeoutMs, ...(signal && { signal }) };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, limits, (error, _stdout, stderr) => {
      if (!error) return resolve();
      if (signal?.aborted) return reject(signal.reason);
      reject(
        new Error(`test media could not be encoded: ${stderr.slice(-2000)}`, { cause: error }),
      );
    });
  });
}
