import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { RecordedTime } from "../time/recordedTime.ts";
import { CaptureDigest } from "./captureDigest.ts";
import { eventLogName, readBuffer, readComplete } from "./eventLog.ts";

/** Logs remembered; another that is looked at again is read from its beginning. */
const keptLogs = 64;
const logs = new Map<string, CaptureLog>();

/** The log of a capture's folder, with what was read of it before. */
export function captureLog(dir: string): CaptureLog {
  const log = logs.get(dir) ?? new CaptureLog(dir);
  logs.delete(dir);
  logs.set(dir, log);
  const [oldest] = logs.keys();
  if (logs.size > keptLogs && oldest !== undefined) logs.delete(oldest);
  return log;
}

/** Follows a log while it grows: each look reads only what it has gained, so the last is as quick as the first. */
export class CaptureLog {
  #path: string;
  #digest = new CaptureDigest();
  #inode: number | undefined;
  /** Where the first line begins that was not complete yet. */
  #offset = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(dir: string) {
    this.#path = join(dir, eventLogName);
  }

  /**
   * Reads what has been logged since the last call into the one digest of this log.
   * @throws Error with code ENOENT without a log
   */
  read(): Promise<CaptureDigest> {
    const read = this.#last.then(() => this.#readMore());
    this.#last = read.catch(() => undefined);
    return read;
  }

  /** Length of the timeline so far, pauses cut out, ms. @throws Error with code ENOENT without a log */
  async lengthMs(): Promise<number> {
    const { start, lastT, pauses } = await this.read();
    return new RecordedTime(start?.t ?? lastT, lastT, pauses.spans).durationMs;
  }

  async #readMore(): Promise<CaptureDigest> {
    const handle = await open(this.#path, "r");
    try {
      const { ino, size } = await handle.stat();
      if (ino !== this.#inode || size < this.#offset) this.#startOver(ino);
      const chunk = readBuffer(size, this.#offset);
      while (await this.#gain(handle, chunk));
    } finally {
      await handle.close();
    }
    return this.#digest;
  }

  /** Another file lies in its place. */
  #startOver(inode: number): void {
    this.#inode = inode;
    this.#offset = 0;
    this.#digest = new CaptureDigest();
  }

  /** Reads the next complete lines; false when there is none. */
  async #gain(handle: FileHandle, chunk: Buffer): Promise<boolean> {
    const { events, taken } = await readComplete(handle, chunk, this.#offset);
    this.#offset += taken;
    for (const event of events) this.#digest.add(event);
    return taken > 0;
  }
}
