import { isMissing } from "../core/errorCode.ts";
import type { Storage } from "./port.ts";

/** New files go to `store`; those of `earlier`, from before it was set up, stay readable until they are moved. */
export function createLayeredStorage(earlier: Storage, store: Storage): Storage {
  return {
    putFile: async (key, path) => {
      const stored = await store.putFile(key, path);
      // Else the old content would be found first.
      await earlier.delete(key);
      return stored;
    },
    stat: async (key) => (await earlier.stat(key)) ?? store.stat(key),
    read: async (key, range) => {
      try {
        return await earlier.read(key, range);
      } catch (error) {
        if (!isMissing(error)) throw error;
        return store.read(key, range);
      }
    },
    delete: async (key) => {
      await earlier.delete(key);
      await store.delete(key);
    },
    list: async function* () {
      yield* earlier.list();
      yield* store.list();
    },
    abandonUploads: async (olderThanMs) =>
      (await earlier.abandonUploads(olderThanMs)) + (await store.abandonUploads(olderThanMs)),
  };
}
