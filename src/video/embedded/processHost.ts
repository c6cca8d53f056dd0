import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, renameSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { Clock } from "../../core/clock.ts";
import { lockHolder } from "../../rooms/contract/instanceLock.ts";
import type { Health, PresenceLine } from "../../rooms/contract/protocol.ts";
import type { RoomProcessSettings } from "../../rooms/contract/settings.ts";
import type { ControlClient } from "./client.ts";
import type { RoomPaths } from "./paths.ts";
import type { RoomProcessHost } from "./supervisor.ts";

export interface ProcessHostParts {
  /** Script of the room process. */
  entry: string;
  settings: RoomProcessSettings;
  paths: RoomPaths;
  client: ControlClient;
  clock: Clock;
  onPresence: (line: PresenceLine) => void;
}

const maxLogBytes = 10 * 1024 * 1024;
/** One that is slow because cores are few is not stuck, ms. */
const healthTimeoutMs = 5000;
/** How long a room process may take to leave, for which it writes down what it holds, ms; and how often that is looked at. */
const leaveMs = 10_000;
const leavePollMs = 20;

/** Room processes as children that outlive us. */
export function processHost(parts: ProcessHostParts): RoomProcessHost {
  const { client, paths } = parts;
  const children = new Set<ChildProcess>();
  return {
    spawn: () => spawnRooms(parts, children),
    health: () => healthOf(client),
    follow: (signal) => client.follow(parts.onPresence, signal),
    shutdown: async () => {
      await client.call("shutdown", {}, { patienceMs: 0 }).catch(() => undefined);
    },
    killStuck: () => killStuck(paths.stateDir),
    end: (hurry) => endRooms(parts, children, hurry),
  };
}

/** Undefined when no process answers; at once when there is none. */
export function healthOf(client: ControlClient): Promise<Health | undefined> {
  return client
    .call("health", {}, { patienceMs: 0, timeoutMs: healthTimeoutMs })
    .catch(() => undefined);
}

async function endRooms(
  { client, paths, clock }: ProcessHostParts,
  children: ReadonlySet<ChildProcess>,
  hurry: AbortSignal,
): Promise<void> {
  const holder = await lockHolder(paths.stateDir);
  // One that is only just coming up cannot be asked yet.
  for (const child of children) if (child.pid !== holder?.pid) child.kill("SIGTERM");
  if (holder) {
    const request = { unlessFollowedBesides: client.name };
    const limits = { patienceMs: 0, signal: hurry };
    const answer = await client.call("shutdown", request, limits).catch(() => undefined);
    if (answer?.stays) return;
  }
  const isThere = async () =>
    children.size > 0 || (holder && (await lockHolder(paths.stateDir))?.pid === holder.pid);
  const deadline = clock.now() + leaveMs;
  while ((await isThere()) && clock.now() < deadline && !hurry.aborted)
    await clock.sleep(leavePollMs, hurry);
  if (!(await isThere())) return;
  for (const child of children) child.kill("SIGKILL");
  await killStuck(paths.stateDir);
}

function spawnRooms(
  { entry, settings, paths }: ProcessHostParts,
  children: Set<ChildProcess>,
): { exited: Promise<{ failed: boolean }> } {
  const log = openLog(paths.logFile);
  try {
    const child = spawn(process.execPath, [entry, JSON.stringify(settings)], {
      // A group of its own, so that a Ctrl-C meant for the server does not end the rooms.
      detached: true,
      stdio: ["ignore", log, log],
      windowsHide: true,
      // The server's environment holds secrets that rooms have no use for; Windows cannot run without some of it.
      ...(process.platform === "win32" ? {} : { env: {} }),
    });
    child.unref();
    children.add(child);
    const exited = new Promise<{ failed: boolean }>((resolve) => {
      const end = (failed: boolean) => {
        children.delete(child);
        resolve({ failed });
      };
      child.once("error", () => end(true));
      child.once("exit", (code) => end(code !== 0));
    });
    return { exited };
  } finally {
    closeSync(log);
  }
}

function openLog(path: string): number {
  try {
    if (statSync(path).size > maxLogBytes) renameSync(path, `${path}.1`);
  } catch {
    // No log yet.
  }
  return openSync(path, "a", 0o600);
}

/** Message of the last error in the log, which the process writes before it gives up. */
export async function lastFailure(logFile: string): Promise<string | undefined> {
  const text = await readFile(logFile, "utf8").catch(() => "");
  const message = /"level":"error".*"err":\{[^}]*"message":("(?:[^"\\]|\\.)*")/;
  for (const line of text.trimEnd().split("\n").reverse()) {
    const found = message.exec(line)?.[1];
    if (found !== undefined) return JSON.parse(found) as string;
  }
  return undefined;
}

/** Only where the system tells processes apart for sure: an id alone may belong to anybody by now. */
async function killStuck(dir: string): Promise<boolean> {
  const holder = await lockHolder(dir);
  if (!holder || holder.started === "") return false;
  try {
    process.kill(holder.pid, "SIGKILL");
    return true;
  } catch {
    return false;
  }
}
