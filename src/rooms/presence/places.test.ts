import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Held, makePlace } from "./places.ts";

const limits = { total: 8, perUser: 4, pendingPerUser: 2 };

class Session implements Held {
  readonly roomId: string;
  readonly user: { id: string };
  readonly openedAt: number;
  pending: boolean;
  constructor(user: string, roomId: string, openedAt: number, pending = true) {
    this.user = { id: user };
    this.roomId = roomId;
    this.openedAt = openedAt;
    this.pending = pending;
  }
  close(): void {
    held.delete(this);
  }
}

const held = new Set<Session>();
let clock = 0;

/** One more, if there is place. */
function come(user: string, roomId = `${user}'s`, pending = true): string {
  const shortage = makePlace([...held], { user: { id: user }, roomId }, limits);
  if (shortage) return shortage;
  held.add(new Session(user, roomId, clock++, pending));
  return "in";
}
const of = (user: string) => [...held].filter((one) => one.user.id === user);

describe("place on a machine", () => {
  test("a person's attempts replace their own oldest one, in whatever rooms", () => {
    held.clear();
    for (let attempt = 0; attempt < 60; attempt++)
      expect(come("eve", `room ${attempt}`)).toBe("in");
    expect(of("eve").map(({ roomId }) => roomId)).toEqual(["room 58", "room 59"]);
    expect(come("ann")).toBe("in");
  });

  test("a person with their share of connections gets no more", () => {
    held.clear();
    for (let room = 0; room < 4; room++) expect(come("eve", `room ${room}`, false)).toBe("in");
    expect(come("eve", "another")).toBe("user");
    expect(come("ann")).toBe("in");
  });

  test("on a full machine whoever has most attempts loses the oldest to whoever has none", () => {
    held.clear();
    for (const user of ["eve", "mallory", "trudy", "oscar"]) {
      come(user, `${user} 1`);
      come(user, `${user} 2`);
    }
    expect(come("ann")).toBe("in");
    expect(of("eve").map(({ roomId }) => roomId)).toEqual(["eve 2"]);
    expect(of("ann")).toHaveLength(1);
  });

  test("so does a meeting that many attempts are made to join", () => {
    held.clear();
    for (let user = 0; user < 8; user++) come(`guest ${user}`, "eve's");
    expect(come("ann")).toBe("in");
    expect(of("guest 0")).toEqual([]);
    expect(come("guest 9", "eve's")).toBe("server");
  });

  test("nobody who has connected ever gives way, and there are never more than the total", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(4), fc.nat(3), fc.boolean()), { maxLength: 60, size: "max" }),
        (arrivals) => {
          held.clear();
          const connected: Session[] = [];
          for (const [user, room, connects] of arrivals) {
            if (come(`user ${user}`, `room ${room}`) !== "in") continue;
            const newest = [...held].at(-1);
            if (connects && newest) {
              newest.pending = false;
              connected.push(newest);
            }
          }
          expect(held.size).toBeLessThanOrEqual(limits.total);
          for (const one of connected) expect(held).toContain(one);
        },
      ),
    );
  });
});
