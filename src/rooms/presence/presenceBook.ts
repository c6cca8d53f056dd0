import type { RoomPresence } from "../../video/port.ts";

/** Who left is remembered this long, for a server that was away, ms. */
const rememberMs = 24 * 3600 * 1000;
const maxRemembered = 20_000;

const keyOf = (roomId: string, userId: string): string => `${roomId}\n${userId}`;

/** Who is in which room and who left it, the last word on each. */
export class PresenceBook {
  #entries = new Map<string, RoomPresence>();
  #listeners = new Set<(presence: RoomPresence) => void>();
  #now: () => number;

  /** `known` comes from a process that died: whoever it says is in a room lost their media with it. */
  constructor(known: readonly RoomPresence[], now: () => number) {
    this.#now = now;
    for (const entry of known) {
      const left =
        entry.state === "joined" ? { ...entry, state: "left" as const, at: now() } : entry;
      this.#entries.set(keyOf(entry.roomId, entry.userId), left);
    }
  }

  get entries(): RoomPresence[] {
    return [...this.#entries.values()];
  }

  isIn(roomId: string, userId: string): boolean {
    return this.#entries.get(keyOf(roomId, userId))?.state === "joined";
  }

  /** Notes a change and tells listeners; a repeat is ignored. */
  set(roomId: string, userId: string, state: RoomPresence["state"]): void {
    if (this.isIn(roomId, userId) === (state === "joined")) return;
    const presence: RoomPresence = { roomId, userId, state, at: this.#now() };
    const key = keyOf(roomId, userId);
    this.#entries.delete(key);
    this.#entries.set(key, presence);
    this.#forget();
    for (const listener of this.#listeners) listener(presence);
  }

  /** Returns the unsubscribe function. */
  onChange(listener: (presence: RoomPresence) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #forget(): void {
    const before = this.#now() - rememberMs;
    for (const [key, entry] of this.#entries) {
      if (entry.at >= before && this.#entries.size <= maxRemembered) return;
      if (entry.state === "left") this.#entries.delete(key);
    }
  }
}
