import { type FileHandle, open } from "node:fs/promises";

/**
 * A file that only grows. Appends are queued in memory and written by `flush`, in order and one write at a time.
 * The first write error is final: it is reported once, and everything queued or appended later is dropped.
 */
export class AppendFile {
  #handle: Promise<FileHandle>;
  #queue: Buffer[] = [];
  #work: Promise<void> = Promise.resolve();
  #failure: Error | undefined;
  #dirty = true;
  #synced: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;
  #onFailure: (error: Error) => void;
  #queuedBytes = 0;
  #bytes = 0;

  /** `flags`: "wx" for a new file, "a" to continue one. Opening goes on in the background; its errors are reported like write errors. */
  constructor(path: string, flags: "wx" | "a", onFailure: (error: Error) => void) {
    this.#onFailure = onFailure;
    this.#handle = open(path, flags, 0o600);
    this.#handle.catch((error: Error) => this.#fail(error));
  }

  /** Bytes accepted since this object was made, written or not. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes accepted and not yet handed to the operating system. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  append(...parts: Buffer[]): void {
    if (this.#failure || this.#closed !== undefined) return;
    for (const part of parts) {
      this.#queue.push(part);
      this.#queuedBytes += part.length;
      this.#bytes += part.length;
    }
  }

  /** Hands everything queued to the operating system. Never rejects. */
  flush(): Promise<void> {
    if (this.#queue.length > 0) this.#work = this.#work.then(() => this.#writeQueue());
    return this.#work;
  }

  /** Flushes and makes it durable (fdatasync). Never rejects. */
  async sync(): Promise<void> {
    await this.flush();
    if (this.#dirty) {
      this.#dirty = false;
      this.#synced = this.#guard(async (handle) => handle.datasync());
    }
    await this.#synced;
  }

  /** Makes everything durable and closes the file; a repeat waits for the first. Never rejects. */
  close(): Promise<void> {
    this.#closed ??= this.sync().then(() => this.#closeHandle());
    return this.#closed;
  }

  async #closeHandle(): Promise<void> {
    // A file that could not be opened has reported that already.
    const handle = await this.#handle.catch(() => undefined);
    await handle?.close().catch((error: Error) => this.#fail(error));
  }

  async #writeQueue(): Promise<void> {
    const chunk = Buffer.concat(this.#queue);
    this.#queue = [];
    if (chunk.length === 0) return;
    await this.#guard((handle) => writeAll(handle, chunk));
    this.#dirty = true;
    this.#queuedBytes -= chunk.length;
  }

  async #guard(work: (handle: FileHandle) => Promise<void>): Promise<void> {
    if (this.#failure) return;
    try {
      await work(await this.#handle);
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #fail(error: Error): void {
    if (this.#failure) return;
    this.#failure = error;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#onFailure(error);
  }
}

/** A write may be short (a nearly full disk), so it is repeated until all is out or it throws. */
async function writeAll(handle: FileHandle, chunk: Buffer): Promise<void> {
  let written = 0;
  while (written < chunk.length) {
    const result = await handle.write(chunk, written, chunk.length - written);
    written += result.bytesWritten;
  }
}
