import { createHash } from "node:crypto";
import { chmod, chown, lstat, mkdir, readdir, rm, rmdir } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { errorCode } from "../../core/errorCode.ts";
import { EmbeddedPostgresError } from "../errors.ts";

import type { Account } from "./account.ts";

/** Longest path a Unix socket can have, in bytes (macOS 103, Linux 107). */
const longestSocketPath = 103;

/**
 * Folder of the socket of one data folder: below the system's temporary folder, because a socket's path must be
 * short and the data folder's need not be; named by the data folder's hash, so that all processes agree on it.
 */
export function socketDirOf(dataDir: string, tmpDir: string = os.tmpdir()): string {
  const key = createHash("sha256").update(dataDir).digest("hex").slice(0, 16);
  const folder = path.join(tmpDir, `connvo-pg-${key}`);
  return fits(folder) ? folder : path.join("/tmp", path.basename(folder));
}

const fits = (folder: string) =>
  Buffer.byteLength(path.join(folder, ".s.PGSQL.5432")) <= longestSocketPath;

/**
 * Makes the folder, closed to everybody else: being able to enter it is being the database's superuser.
 * @throws EmbeddedPostgresError when somebody else made it first.
 */
export async function ensureSocketDir(folder: string, account: Account): Promise<void> {
  try {
    await makeSocketDir(folder, account);
  } catch (error) {
    // Its last user has only now removed it.
    if (errorCode(error) !== "ENOENT") throw error;
    await ensureSocketDir(folder, account);
  }
}

/** Removes the folder unless there is a socket in it: another process may just be starting PostgreSQL again. */
export async function removeSocketDir(folder: string): Promise<void> {
  const unlessUsed = () => undefined;
  for (const name of await readdir(folder).catch(() => []))
    if (!name.startsWith(".s.PGSQL."))
      await rm(path.join(folder, name), { recursive: true, force: true }).catch(unlessUsed);
  await rmdir(folder).catch(unlessUsed);
}

async function makeSocketDir(folder: string, account: Account): Promise<void> {
  const us = process.getuid?.() ?? 0;
  await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw new EmbeddedPostgresError(`${folder} cannot be made`, error);
  });
  const info = await lstat(folder);
  const trusted = [us, account.owner?.uid ?? us];
  if (!info.isDirectory() || !trusted.includes(info.uid))
    throw new EmbeddedPostgresError(`${folder} belongs to somebody else; remove it`);
  await chmod(folder, 0o700);
  if (account.owner) await chown(folder, account.owner.uid, account.owner.gid);
}
