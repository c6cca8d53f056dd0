import type { RoomRole } from "../../video/port.ts";
import type { PresenceBook } from "./presenceBook.ts";

export interface Occupant {
  user: { id: string; name: string };
  role: RoomRole;
}

/** Who is in which room: whoever sends or receives media there. Keeps the presence book. */
export class Occupancy {
  /** By room and user, in order of arrival; `holds` names the sessions that keep them there. */
  #rooms = new Map<string, Map<string, Occupant & { holds: Set<string> }>>();
  #presence: PresenceBook;
  #listener: (roomId: string) => void = () => undefined;

  constructor(presence: PresenceBook) {
    this.#presence = presence;
  }

  /** Told of every room in which somebody came or went. */
  onChange(listener: (roomId: string) => void): void {
    this.#listener = listener;
  }

  enter(roomId: string, { user, role }: Occupant, hold: string): void {
    const room = this.#rooms.get(roomId) ?? new Map();
    this.#rooms.set(roomId, room);
    const known = room.get(user.id);
    if (known) {
      known.holds.add(hold);
      return;
    }
    room.set(user.id, { user, role, holds: new Set([hold]) });
    this.#presence.set(roomId, user.id, "joined");
    this.#listener(roomId);
  }

  leave(roomId: string, userId: string, hold: string): void {
    const room = this.#rooms.get(roomId);
    const occupant = room?.get(userId);
    if (!room || !occupant?.holds.delete(hold) || occupant.holds.size > 0) return;
    room.delete(userId);
    if (room.size === 0) this.#rooms.delete(roomId);
    this.#presence.set(roomId, userId, "left");
    this.#listener(roomId);
  }

  /** In order of arrival. */
  of(roomId: string): Occupant[] {
    return [...(this.#rooms.get(roomId)?.values() ?? [])];
  }

  isIn(roomId: string, userId: string): boolean {
    return this.#rooms.get(roomId)?.has(userId) ?? false;
  }
}
