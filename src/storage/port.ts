import type { Readable } from "node:stream";

export interface StoredObject {
  sizeBytes: number;
  /** Lower-case hex SHA-256 of the content. */
  sha256: string;
}

/** Where finished files live. Keys are `/`-separated, made by us, never by a caller. */
export interface Storage {
  /** Stores a local file durably under `key`, replacing what was there, and removes the local file. */
  putFile(key: string, path: string): Promise<StoredObject>;
  /** Size in bytes, or undefined when absent. */
  stat(key: string): Promise<{ sizeBytes: number; modifiedAt: number } | undefined>;
  /** Bytes `start..end` inclusive. @throws when absent */
  read(key: string, range?: { start: number; end: number }): Promise<Readable>;
  /** Removes the object; absent is not an error. */
  delete(key: string): Promise<void>;
}
