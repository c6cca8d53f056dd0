import type { Readable } from "node:stream";

export interface StoredObject {
  sizeBytes: number;
  /** Lower-case hex SHA-256 of the content. */
  sha256: string;
}

export interface ListedObject {
  key: string;
  sizeBytes: number;
  /** Epoch ms. */
  modifiedAt: number;
}

/** Where finished files live. Keys are `/`-separated, made by us, never by a caller. */
export interface Storage {
  /** Stores a local file durably under `key`, replacing what was there, and removes the local file. */
  putFile(key: string, path: string): Promise<StoredObject>;
  /** Size in bytes, or undefined when absent. */
  stat(key: string): Promise<{ sizeBytes: number; modifiedAt: number } | undefined>;
  /** Bytes `start..end` inclusive. @throws Error with code ENOENT when absent */
  read(key: string, range?: { start: number; end: number }): Promise<Readable>;
  /** Removes the object; absent is not an error. */
  delete(key: string): Promise<void>;
  /** Every object `recordings/<id>/<file>`; one that is being moved between stores may come twice. */
  list(): AsyncIterable<ListedObject>;
  /** Removes what unfinished `putFile`s begun longer ago than that, ms, left behind. @returns how many */
  abandonUploads(olderThanMs: number): Promise<number>;
}

/** A store that keeps copies of files that stay on disk: whole folders of them, `captures/<id>/<file>`. */
export interface Archive extends Pick<Storage, "read"> {
  /** Stores a copy of a local file durably under `key`, replacing what was there. @throws Error also when the file changes meanwhile */
  copyFile(key: string, path: string): Promise<StoredObject>;
  /** Whether the store has the object with that size and hash. */
  holds(key: string, object: StoredObject): Promise<boolean>;
  /** Every object below a folder: `captures`, or one in it. */
  listFolder(folder: string): AsyncIterable<ListedObject>;
  /** Removes every object below a folder, and gives up what is being stored there; absent is not an error. */
  removeFolder(folder: string): Promise<void>;
}
