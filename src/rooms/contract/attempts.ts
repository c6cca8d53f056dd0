import { appendFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";

/** A byte for each time that work on the capture was begun and not ended. */
const fileName = "attempts";

/** So often a capture is continued, or in the end only sealed, by processes that die of it. */
export const mostAttempts = { goOn: 2, seal: 4 } as const;

/** Work on a capture has ended every process that tried it: it is left alone. */
export class AbandonedCaptureError extends Error {
  constructor(dir: string) {
    super(`work on this capture has ended every process that tried it: ${dir}`);
    this.name = "AbandonedCaptureError";
  }
}

/**
 * Works on a capture unless that has been begun `most` times without an end, which a process that dies of it leaves
 * behind: no folder may take one process after the other down.
 * @throws AbandonedCaptureError then, else what `work` throws
 */
export async function attempted<T>(dir: string, most: number, work: () => Promise<T>): Promise<T> {
  if ((await attemptsAt(dir)) >= most) throw new AbandonedCaptureError(dir);
  const file = join(dir, fileName);
  // A disk that does not even take that is no reason not to try.
  await appendFile(file, ".", { flush: true }).catch(() => undefined);
  try {
    return await work();
  } finally {
    await rm(file, { force: true }).catch(() => undefined);
  }
}

/** How often work on a capture was begun and not ended. */
export async function attemptsAt(dir: string): Promise<number> {
  return stat(join(dir, fileName)).then(
    ({ size }) => size,
    () => 0,
  );
}
