import { open, rename } from "node:fs/promises";
import path from "node:path";

/** Files are for the server's own account only. */
const mode = 0o600;

/** Makes a file's content durable. */
export async function syncFile(file: string): Promise<void> {
  const handle = await open(file, "r+");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes a folder's entries (new files, renames) durable. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open folders; NTFS journals their entries itself.
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Writes a new file and makes its content durable; its name is, once its folder is synced.
 * @throws Error with code EEXIST if it is there
 */
export function createDurably(file: string, content: string | Buffer): Promise<void> {
  return write(file, content, "wx");
}

/** Gives a file new content, durably: whoever reads it finds the old or the new, whole. */
export async function replaceDurably(file: string, content: string | Buffer): Promise<void> {
  const fresh = `${file}.new`;
  await write(fresh, content, "w");
  await renameDurably(fresh, file);
}

/** Renames a file, durably. Its content has to be durable already. */
export async function renameDurably(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncFolder(path.dirname(path.resolve(to)));
}

async function write(file: string, content: string | Buffer, flags: "w" | "wx"): Promise<void> {
  const handle = await open(file, flags, mode);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
