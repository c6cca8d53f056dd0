import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import { DemoError } from "./demoError.ts";

export interface Download {
  file: string;
  sizeBytes: number;
  /** Hex. */
  sha256: string;
}

/** Saves what `url` serves; the file appears under its name once it is complete. @throws DemoError */
export async function download(
  url: string,
  token: string,
  file: string,
  signal: AbortSignal,
): Promise<Download> {
  const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` }, signal });
  if (answer.status !== 200 || !answer.body)
    throw new DemoError(`${url} answers ${answer.status} instead of the recording.`);
  const unfinished = `${file}.part`;
  await mkdir(path.dirname(path.resolve(file)), { recursive: true });
  try {
    const facts = await save(answer.body as ReadableStream, unfinished, signal);
    await rename(unfinished, file);
    return { file, ...facts };
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

async function save(body: ReadableStream, file: string, signal: AbortSignal) {
  const hash = createHash("sha256");
  let sizeBytes = 0;
  const measure = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      hash.update(chunk);
      sizeBytes += chunk.length;
      done(null, chunk);
    },
  });
  await pipeline(Readable.fromWeb(body), measure, createWriteStream(file), { signal });
  return { sizeBytes, sha256: hash.digest("hex") };
}
