import { createHash } from "node:crypto";
import { chmod, lstat, mkdir } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { dirname, join, resolve } from "node:path";

/** Smallest limit of a socket address over the systems we run on (macOS has 104 bytes). */
const maxSocketPath = 100;

/** Where room process and server meet, derived from the data folder alone. */
export interface RoomPaths {
  stateDir: string;
  recordingsDir: string;
  socketPath: string;
  logFile: string;
  keyFile: string;
}

export function roomPaths(dataDir: string): RoomPaths {
  const root = resolve(dataDir);
  const stateDir = join(root, "rooms");
  return {
    stateDir,
    recordingsDir: join(root, "recordings"),
    socketPath: socketPath(stateDir),
    logFile: join(stateDir, "rooms.log"),
    keyFile: join(stateDir, "token.key"),
  };
}

/** A deep data folder does not fit into a socket address: the socket then lives in a folder of ours in the temporary one. */
function socketPath(stateDir: string): string {
  const digest = createHash("sha256").update(stateDir).digest("hex").slice(0, 16);
  if (process.platform === "win32") return `\\\\.\\pipe\\connvo-rooms-${digest}`;
  const plain = join(stateDir, "control.sock");
  if (Buffer.byteLength(plain) <= maxSocketPath) return plain;
  return join(tmpdir(), `connvo-${userInfo().uid}-${digest}`, "control.sock");
}

/** Makes the folders, readable by their owner alone. @throws when the socket's folder belongs to somebody else */
export async function preparePaths(paths: RoomPaths): Promise<void> {
  await mkdir(paths.stateDir, { recursive: true, mode: 0o700 });
  await chmod(paths.stateDir, 0o700);
  await mkdir(paths.recordingsDir, { recursive: true, mode: 0o700 });
  // An earlier version let a group read it.
  await chmod(paths.recordingsDir, 0o700);
  if (process.platform === "win32") return;
  const folder = dirname(paths.socketPath);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const found = await lstat(folder);
  if (!found.isDirectory() || found.uid !== userInfo().uid) {
    throw new Error(`${folder} belongs to another user`);
  }
  await chmod(folder, 0o700);
}
