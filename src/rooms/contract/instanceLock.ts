import { randomBytes } from "node:crypto";
import { link, readdir, readFile, unlink, writeFile } from "node:fs/promises";
import { uptime } from "node:os";
import { join } from "node:path";
import { errorCode } from "../../core/errorCode.ts";

/** Who holds the lock: a process id, and what tells it from a later process with the same id. */
export interface LockHolder {
  pid: number;
  /** Start time of the process, where the system tells. */
  started: string;
  /** Epoch seconds of the machine's start. */
  booted: number;
}

export interface InstanceLock {
  release(): Promise<void>;
}

const lockName = /^lock\.(\d+)$/;
/** The clock may be set while the machine runs. */
const bootToleranceSeconds = 120;

/**
 * Takes the lock of a folder: one live process has it, and a dead one's is taken over. Each take-over makes the
 * next numbered file by an atomic link, so that of several at once exactly one wins; the highest number holds.
 * Undefined when a live process has it.
 */
export async function acquireLock(dir: string): Promise<InstanceLock | undefined> {
  const { number, holder } = await currentHolder(dir);
  if (holder) return undefined;
  const own = join(dir, `lock.${number + 1}`);
  if (!(await publish(dir, own))) return undefined;
  const numbers = await lockNumbers(dir);
  if (numbers.some((other) => other > number + 1)) {
    await unlink(own).catch(() => undefined);
    return undefined;
  }
  const older = numbers.filter((other) => other <= number);
  await Promise.allSettled(older.map((other) => unlink(join(dir, `lock.${other}`))));
  return { release: () => unlink(own).catch(() => undefined) };
}

/** The live process that has the lock; undefined when there is none. */
export async function lockHolder(dir: string): Promise<LockHolder | undefined> {
  return (await currentHolder(dir)).holder;
}

async function currentHolder(dir: string): Promise<{ number: number; holder?: LockHolder }> {
  const number = Math.max(0, ...(await lockNumbers(dir)));
  if (number === 0) return { number };
  const text = await readFile(join(dir, `lock.${number}`), "utf8").catch(() => "");
  const holder = parseHolder(text);
  return holder && (await isAlive(holder)) ? { number, holder } : { number };
}

async function lockNumbers(dir: string): Promise<number[]> {
  return (await readdir(dir)).flatMap((name) => {
    const number = lockName.exec(name)?.[1];
    return number === undefined ? [] : [Number(number)];
  });
}

/** Appears with its content or not at all; false when the number is taken. */
async function publish(dir: string, path: string): Promise<boolean> {
  const draft = join(dir, `draft.${process.pid}.${randomBytes(4).toString("hex")}`);
  const { pid } = process;
  const holder: LockHolder = { pid, started: await startOf(pid), booted: bootTime() };
  await writeFile(draft, JSON.stringify(holder), { mode: 0o600 });
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  } finally {
    await unlink(draft);
  }
}

async function isAlive(holder: LockHolder): Promise<boolean> {
  if (Math.abs(holder.booted - bootTime()) > bootToleranceSeconds && holder.started === "")
    return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    return errorCode(error) === "EPERM";
  }
  const started = await startOf(holder.pid);
  return started === holder.started;
}

/** Boot-relative start time and boot id on Linux; empty where it cannot be known. A zombie has none. */
async function startOf(pid: number): Promise<string> {
  if (process.platform !== "linux") return "";
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8");
    // The command name may hold spaces and parentheses; state and the rest follow the last one.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? "" : `${fields[19]}@${boot.trim()}`;
  } catch {
    return "";
  }
}

const bootTime = (): number => Math.round(Date.now() / 1000 - uptime());

function parseHolder(text: string): LockHolder | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return undefined;
    const { pid, started, booted } = value as Record<string, unknown>;
    if (typeof pid !== "number" || typeof started !== "string" || typeof booted !== "number")
      return undefined;
    return { pid, started, booted };
  } catch {
    return undefined;
  }
}
