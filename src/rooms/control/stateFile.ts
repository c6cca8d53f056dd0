import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isMissing } from "../../core/errorCode.ts";
import type { Log } from "../../core/log.ts";
import { replaceDurably } from "../../files/durable.ts";
import type { RoomPresence } from "../../video/port.ts";
import type { Cutoffs } from "../presence/revocations.ts";

/** What survives the room process. */
export interface RoomState {
  cutoffs: Cutoffs;
  presence: RoomPresence[];
}

const fileName = "state.json";

/** Keeps the state in one file, replaced as a whole. Writes that come together become one. */
export class StateFile {
  #dir: string;
  #current: () => RoomState;
  #log: Log;
  #writing: Promise<void> = Promise.resolve();
  #pending: Promise<void> | undefined;

  constructor(dir: string, current: () => RoomState, log: Log) {
    this.#dir = dir;
    this.#current = current;
    this.#log = log;
  }

  /** Resolves once what is true now is durable. @throws when the disk refuses */
  save(): Promise<void> {
    this.#pending ??= this.#writing.then(() => {
      this.#pending = undefined;
      this.#writing = this.#write();
      return this.#writing;
    });
    // The next save waits for this one, also when it fails.
    this.#writing = this.#pending.catch(() => undefined);
    return this.#pending;
  }

  /** For what may be lost: a failure is only logged. */
  saveSoon(): void {
    this.save().catch((error: unknown) =>
      this.#log.error({ err: error }, "room state cannot be saved"),
    );
  }

  async #write(): Promise<void> {
    const path = join(this.#dir, fileName);
    await replaceDurably(path, JSON.stringify(this.#current()));
  }
}

/** The saved state; empty when there is none or it is damaged. */
export async function loadState(dir: string, log: Log): Promise<RoomState> {
  const empty: RoomState = { cutoffs: {}, presence: [] };
  try {
    const saved: unknown = JSON.parse(await readFile(join(dir, fileName), "utf8"));
    return isState(saved) ? saved : empty;
  } catch (error) {
    if (isMissing(error)) return empty;
    log.error({ err: error }, "saved room state is damaged");
    return empty;
  }
}

function isState(value: unknown): value is RoomState {
  if (typeof value !== "object" || value === null) return false;
  const { cutoffs, presence } = value as Record<string, unknown>;
  const cutoffsAreNumbers =
    typeof cutoffs === "object" &&
    cutoffs !== null &&
    Object.values(cutoffs).every(Number.isFinite);
  return cutoffsAreNumbers && Array.isArray(presence) && presence.every(isPresence);
}

function isPresence(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { roomId, userId, state, at } = value as Record<string, unknown>;
  const known = state === "joined" || state === "left";
  return (
    typeof roomId === "string" && typeof userId === "string" && known && typeof at === "number"
  );
}
