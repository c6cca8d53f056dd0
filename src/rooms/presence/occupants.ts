import type { RoomRole } from "../../video/port.ts";
import type { PresenceBook } from "./presenceBook.ts";

export interface Occupant {
  user: { id: string; name: string };
  role: RoomRole;
}

/** Who is in a room: whoever sends or receives media there. Keeps the presence book. */
export class Occupants {
  /** By user, in order of arrival; `holds` names the sessions that keep them there. */
  #people = new Map<string, Occupant & { holds: Set<string> }>();
  #roomId: string;
  #presence: PresenceBook;
  #changed: () => void;

  /** `changed` is called whenever somebody came or went. */
  constructor(roomId: string, presence: PresenceBook, changed: () => void) {
    this.#roomId = roomId;
    this.#presence = presence;
    this.#changed = changed;
  }

  get size(): number {
    return this.#people.size;
  }

  /** In order of arrival. */
  get people(): Occupant[] {
    return [...this.#people.values()];
  }

  enter({ user, role }: Occupant, hold: string): void {
    const known = this.#people.get(user.id);
    if (known) {
      known.holds.add(hold);
      return;
    }
    this.#people.set(user.id, { user, role, holds: new Set([hold]) });
    this.#presence.set(this.#roomId, user.id, "joined");
    this.#changed();
  }

  leave(userId: string, hold: string): void {
    const occupant = this.#people.get(userId);
    if (!occupant?.holds.delete(hold) || occupant.holds.size > 0) return;
    this.#people.delete(userId);
    this.#presence.set(this.#roomId, userId, "left");
    this.#changed();
  }
}
