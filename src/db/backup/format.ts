import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";
import { z } from "zod";

/*
 * A backup is one gzip stream of frames, each a 4-byte big-endian length and as many bytes:
 *   header (JSON) · per table, in the header's order: COPY BINARY data in any number of frames, then an empty frame ·
 *   trailer (JSON) with the SHA-256 of everything before it.
 */

const formatName = "connvo-backup";
/** Raised when a reader of the version before could not read it any more. */
const formatVersion = 1;
/** Longest frame a reader accepts, bytes: a COPY row can be large, a length read from garbage is larger. */
const frameLimit = 1 << 30;

const tableHeader = z.object({
  name: z.string(),
  columns: z.array(z.string()).min(1),
  rows: z.number().int().min(0),
});

const header = z.object({
  format: z.literal(formatName),
  version: z.number().int(),
  createdAt: z.string(),
  migrations: z.array(z.object({ name: z.string(), checksum: z.string() })).min(1),
  /** Parents before the tables that refer to them. */
  tables: z.array(tableHeader),
});

const trailer = z.object({ sha256: z.string() });

export type BackupHeader = z.infer<typeof header>;
export type TableHeader = z.infer<typeof tableHeader>;

/** A file that is no backup, is damaged, or was made by a newer version; the message says which. */
export class BackupFileError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "BackupFileError";
  }
}

/** The bytes of a backup, uncompressed. `copy` yields one table's COPY data. */
export async function* writeFrames(
  described: Omit<BackupHeader, "format" | "version">,
  copy: (table: TableHeader) => AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  const hash = createHash("sha256");
  const hashed = (bytes: Buffer) => {
    hash.update(bytes);
    return bytes;
  };
  yield hashed(frame(json({ format: formatName, version: formatVersion, ...described })));
  for (const table of described.tables) {
    for await (const data of copy(table)) if (data.length > 0) yield hashed(frame(data));
    yield hashed(frame(Buffer.alloc(0)));
  }
  yield frame(json({ sha256: hash.digest("hex") }));
}

const json = (value: object) => Buffer.from(JSON.stringify(value));

function frame(payload: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(4 + payload.length);
  bytes.writeUInt32BE(payload.length);
  payload.copy(bytes, 4);
  return bytes;
}

/** Reads a backup from front to end, once. */
export class BackupReader {
  readonly #source: AsyncIterator<Buffer>;
  readonly #hash = createHash("sha256");
  #buffered: Buffer = Buffer.alloc(0);

  private constructor(source: AsyncIterator<Buffer>) {
    this.#source = source;
  }

  /** Opens the file and reads its header. @throws BackupFileError */
  static async open(file: string): Promise<{ reader: BackupReader; header: BackupHeader }> {
    const unzipped = createGunzip();
    const stream = createReadStream(file);
    stream.on("error", (error) => unzipped.destroy(error));
    const reader = new BackupReader(stream.pipe(unzipped)[Symbol.asyncIterator]());
    return { reader, header: parseHeader(await reader.#frame()) };
  }

  /** The COPY data of the next table. */
  async *table(): AsyncGenerator<Buffer> {
    for (;;) {
      const data = await this.#frame();
      if (data.length === 0) return;
      yield data;
    }
  }

  /** Reads the trailer. @throws BackupFileError when what was read is not what was written. */
  async finish(): Promise<void> {
    const actual = this.#hash.copy().digest("hex");
    const expected = trailer.safeParse(parseJson(await this.#frame()));
    if (expected.data?.sha256 !== actual) throw new BackupFileError("the backup is damaged");
    if ((await this.#pull()) || this.#buffered.length > 0)
      throw new BackupFileError("the backup is damaged: something follows its end");
  }

  /** Stops reading early. */
  async close(): Promise<void> {
    await this.#source.return?.();
  }

  async #frame(): Promise<Buffer> {
    const length = (await this.#take(4)).readUInt32BE();
    if (length > frameLimit) throw new BackupFileError("this is not a Connvo backup, or damaged");
    return this.#take(length);
  }

  async #take(length: number): Promise<Buffer> {
    while (this.#buffered.length < length) {
      if (!(await this.#pull())) throw new BackupFileError("the backup is cut off");
    }
    const bytes = this.#buffered.subarray(0, length);
    this.#buffered = this.#buffered.subarray(length);
    this.#hash.update(bytes);
    return bytes;
  }

  async #pull(): Promise<boolean> {
    try {
      const { value, done } = await this.#source.next();
      if (done) return false;
      this.#buffered = this.#buffered.length > 0 ? Buffer.concat([this.#buffered, value]) : value;
      return true;
    } catch (error) {
      throw new BackupFileError(reasonOf(error), error);
    }
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "Z_BUF_ERROR") return "the backup is cut off";
  if (code?.startsWith("Z_")) return "this is not a Connvo backup, or damaged";
  return `the backup cannot be read: ${message}`;
}

function parseHeader(bytes: Buffer): BackupHeader {
  const raw = parseJson(bytes);
  const known = z.object({ format: z.literal(formatName), version: z.number() }).safeParse(raw);
  if (!known.success) throw new BackupFileError("this is not a Connvo backup");
  if (known.data.version > formatVersion)
    throw new BackupFileError("the backup was made by a newer version of Connvo");
  const parsed = header.safeParse(raw);
  if (!parsed.success) throw new BackupFileError("the backup is damaged: its header is unreadable");
  return parsed.data;
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}
