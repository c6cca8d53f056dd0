import { open, readFile, rm, stat, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { isMissing } from "../core/errorCode.ts";
import type { Outbound } from "./outbound.ts";

export interface DownloadOptions {
  send: Outbound;
  signal?: AbortSignal;
  /** Bytes at most. */
  maxBytes: number;
  /** May refuse the rest, whose size it is told, bytes. */
  admit?(bytes: number): Promise<void>;
  /** `done` 0..1, or 0 while the size is not known. */
  onProgress?(done: number): void;
}

/** The link is not good (any more): another one may be. */
export class LinkRefusedError extends Error {
  readonly status: number;
  constructor(status: number) {
    super(`the link was answered with ${status}`);
    this.name = "LinkRefusedError";
    this.status = status;
  }
}

/** The connection broke in the middle of the file; what came before is kept. */
export class BrokenDownloadError extends Error {
  /** Bytes that came over this connection. */
  readonly received: number;
  constructor(received: number, cause: unknown) {
    super(`the connection broke after ${received} bytes`, { cause });
    this.name = "BrokenDownloadError";
    this.received = received;
  }
}

/** More than is taken. */
export class TooLargeError extends Error {
  readonly retryable = false;
  constructor(bytes: number, maxBytes: number) {
    super(`the file has ${bytes} bytes, at most ${maxBytes} are taken`);
    this.name = "TooLargeError";
  }
}

/** The link, or what it is of, is gone or not there yet. */
const refusedStatuses = new Set([401, 403, 404, 410]);

/**
 * Fetches `url` into `file`, going on where an earlier attempt ended when the sender still has the same content. Memory stays
 * small whatever the size. What was received of a failed attempt is kept for the next.
 * @throws LinkRefusedError, TooLargeError, BrokenDownloadError, what `send` throws, Error for any other answer
 */
export async function download(url: URL, file: string, options: DownloadOptions): Promise<void> {
  const kept = await keptPart(file);
  const body = await options.send(url, {
    signal: options.signal,
    headers: {
      "accept-encoding": "identity",
      ...(kept ? { range: `bytes=${kept.bytes}-`, "if-range": kept.etag } : {}),
    },
  });
  const { statusCode = 0, headers } = body;
  // An error of a body that nobody reads must not end the process.
  body.on("error", () => undefined);
  try {
    if (refusedStatuses.has(statusCode)) throw new LinkRefusedError(statusCode);
    if (statusCode === 416) await forgetPart(file);
    const from = statusCode === 206 ? (kept?.bytes ?? 0) : 0;
    if (statusCode !== 200 && statusCode !== 206)
      throw new Error(`the file was answered with ${statusCode}`);
    if (statusCode === 206 && !startsAt(headers["content-range"], from))
      throw new Error("another part than the one asked for was sent");
    const length = Number(headers["content-length"] ?? Number.NaN);
    const total = from + length;
    if (total > options.maxBytes) throw new TooLargeError(total, options.maxBytes);
    await options.admit?.(Number.isNaN(length) ? 0 : length);
    const etag = headers["etag"];
    if (from === 0) await keepTag(file, typeof etag === "string" ? etag : undefined);
    await receive(body, file, { from, total, options });
  } finally {
    body.destroy();
  }
}

/** Removes what was downloaded into `file`, whole or not. */
export async function forgetPart(file: string): Promise<void> {
  await rm(file, { force: true });
  await rm(tagOf(file), { force: true });
}

const tagOf = (file: string): string => `${file}.etag`;
/** A weak tag, or one that would break a header, says nothing of the bytes. */
const isStrongTag = (tag: string) => /^"[\x21\x23-\x7e]{1,200}"$/.test(tag);

async function keptPart(file: string): Promise<{ bytes: number; etag: string } | undefined> {
  try {
    const etag = await readFile(tagOf(file), "utf8");
    const { size: bytes } = await stat(file);
    return bytes > 0 && isStrongTag(etag) ? { bytes, etag } : undefined;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function keepTag(file: string, etag: string | undefined): Promise<void> {
  await forgetPart(file);
  if (etag !== undefined && isStrongTag(etag)) await writeFile(tagOf(file), etag, { mode: 0o600 });
}

function startsAt(contentRange: string | string[] | undefined, from: number): boolean {
  return typeof contentRange === "string" && contentRange.startsWith(`bytes ${from}-`);
}

interface Receiving {
  /** Where the body goes on, bytes. */
  from: number;
  /** Of the whole file, bytes; NaN when it was not said. */
  total: number;
  options: DownloadOptions;
}

/** Whatever the sender said of its size, no more than the limit is taken. Each chunk is written before the next is read. */
async function receive(
  body: IncomingMessage,
  file: string,
  { from, total, options: { maxBytes, onProgress } }: Receiving,
): Promise<void> {
  const part = await open(file, from === 0 ? "w" : "a", 0o600);
  let at = from;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      if (at + chunk.length > maxBytes) throw new TooLargeError(at + chunk.length, maxBytes);
      await part.writeFile(chunk);
      at += chunk.length;
      if (total > 0) onProgress?.(Math.min(1, at / total));
    }
  } catch (error) {
    throw error instanceof TooLargeError ? error : new BrokenDownloadError(at - from, error);
  } finally {
    await part.close();
  }
  if (!Number.isNaN(total) && at !== total)
    throw new BrokenDownloadError(at - from, new Error(`${at} of ${total} bytes`));
}
