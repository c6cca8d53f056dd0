import type { FileStorage } from "./file/fileStorage.ts";
import type { Storage } from "./port.ts";

export interface Moved {
  key: string;
  sizeBytes: number;
  /** Files moved so far, this one included. */
  count: number;
  /** Files there were to move. */
  total: number;
}

/**
 * Moves all files on disk to another store, one after the other; each is removed only when the store has it whole.
 * Run again it goes on where it ended.
 */
export async function* moveObjects(files: FileStorage, store: Storage): AsyncGenerator<Moved> {
  const keys: string[] = [];
  for await (const { key } of files.list()) keys.push(key);
  for (const [index, key] of keys.entries()) {
    // It may have been deleted meanwhile, with its recording.
    if (!(await files.stat(key))) continue;
    const { sizeBytes } = await store.putFile(key, files.locate(key));
    yield { key, sizeBytes, count: index + 1, total: keys.length };
  }
}
