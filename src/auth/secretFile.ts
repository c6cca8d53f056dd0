import { randomUUID } from "node:crypto";
import { chmod, link, mkdir, readFile, rm, stat } from "node:fs/promises";
import path from "node:path";
import { errorCode, isMissing } from "../core/errorCode.ts";
import type { Log } from "../core/log.ts";
import { createDurably } from "../files/durable.ts";

/** Where a server keeps the secrets it made itself. */
export function keysFolder(dataDir: string): string {
  return path.join(dataDir, "keys");
}

/**
 * The text in `file`, which is made by `create` when it is not there: readable by its owner only, whole or
 * not at all, and the same for all who ask at once.
 */
export async function readOrCreateSecret(
  file: string,
  create: () => string | Promise<string>,
  log: Log,
): Promise<string> {
  const existing = await readIfThere(file);
  if (existing !== undefined) {
    await tighten(file, log);
    return existing;
  }
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  await publish(file, await create());
  return readFile(file, "utf8");
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** A link is made by one process only, and of a file that is complete already. */
async function publish(file: string, text: string): Promise<void> {
  const draft = `${file}.${randomUUID()}`;
  try {
    await createDurably(draft, text);
    await link(draft, file);
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** A copied data folder may have lost its modes. Windows has none to lose. */
async function tighten(file: string, log: Log): Promise<void> {
  if (process.platform === "win32") return;
  const { mode } = await stat(file);
  if ((mode & 0o077) === 0) return;
  await chmod(file, 0o600);
  log.warn({ file }, "a secret could be read by other users of this machine; it is private again");
}
