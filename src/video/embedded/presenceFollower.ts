import type { Log } from "../../core/log.ts";
import type { PresenceLine } from "../../rooms/contract/protocol.ts";
import type { RoomPresence } from "../port.ts";

const keyOf = ({ roomId, userId }: RoomPresence): string => `${roomId}\n${userId}`;

/** Turns snapshots and changes into presences told once each, so that nothing is missed while either side was away. */
export class PresenceFollower {
  #known = new Map<string, RoomPresence>();
  #listeners = new Set<(presence: RoomPresence) => void>();
  #now: () => number;
  #log: Log;

  constructor(now: () => number, log: Log) {
    this.#now = now;
    this.#log = log;
  }

  /** A listener added later is first told who is in the rooms. Returns the unsubscribe function. */
  subscribe(listener: (presence: RoomPresence) => void): () => void {
    this.#listeners.add(listener);
    for (const presence of this.#known.values()) this.#call(listener, presence);
    return () => this.#listeners.delete(listener);
  }

  take(line: PresenceLine): void {
    if (line.type === "change") this.#tell(line.entry);
    if (line.type === "snapshot") this.#compare(line.entries);
  }

  #compare(entries: readonly RoomPresence[]): void {
    const present = new Set(entries.map(keyOf));
    for (const [key, known] of this.#known) {
      if (present.has(key)) continue;
      if (known.state === "joined") this.#tell({ ...known, state: "left", at: this.#now() });
      this.#known.delete(key);
    }
    for (const entry of entries) {
      const known = this.#known.get(keyOf(entry));
      if (known?.state !== entry.state || known.at !== entry.at) this.#tell(entry);
    }
  }

  #tell(presence: RoomPresence): void {
    this.#known.set(keyOf(presence), presence);
    for (const listener of this.#listeners) this.#call(listener, presence);
  }

  #call(listener: (presence: RoomPresence) => void, presence: RoomPresence): void {
    try {
      listener(presence);
    } catch (error) {
      this.#log.error({ err: error }, "a presence listener failed");
    }
  }
}
