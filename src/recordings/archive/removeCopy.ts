import { rename, rm, rmdir } from "node:fs/promises";
import path from "node:path";
import { syncFolder } from "../../files/durable.ts";
import { ignoreMissing, removingFolder, restoringFolder } from "./captureFiles.ts";

/**
 * Removes a capture from this disk: at once as a whole, whatever is killed. Who has one of its files open reads on.
 * Repeatable.
 */
export async function removeCopy(
  dir: string,
  { keepRestoring = false }: { keepRestoring?: boolean } = {},
): Promise<void> {
  const leaving = removingFolder(dir);
  await rm(leaving, { recursive: true, force: true });
  await rename(dir, leaving).catch(ignoreMissing);
  await syncFolder(path.dirname(dir)).catch(ignoreMissing);
  await rm(leaving, { recursive: true, force: true });
  if (keepRestoring) return;
  await rm(restoringFolder(dir), { recursive: true, force: true });
  // Files of the recording may be in it.
  await rmdir(path.dirname(dir)).catch(() => undefined);
}
