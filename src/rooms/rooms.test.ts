import { expect, test } from "vitest";
import { silentLog } from "../core/log.ts";
import { PresenceBook } from "./presence/presenceBook.ts";
import { Revocations } from "./presence/revocations.ts";
import { Rooms } from "./rooms.ts";

const limits = { maxParticipants: 3, maxPublishers: 9, maxSubscribers: 9 };
const rates = { videoKbps: 1, maxKbps: 1, startKbps: 1 };
const patience = { pendingMs: 1, silenceMs: 1, subscriberSilenceMs: 1 };
const open = (revocations = new Revocations({}, () => 0)) =>
  new Rooms(
    { ...limits, ...rates, ...patience },
    {
      peers: () => {
        throw new Error("nobody comes here");
      },
      presence: new PresenceBook([], () => 0),
      revocations,
      ...{ log: silentLog, now: () => 0, newId: () => "id", random32: () => 1 },
    },
  );

test("a room is there as long as somebody needs it", () => {
  const rooms = open();
  const room = rooms.open("r");
  expect(rooms.open("r")).toBe(room);
  const notice = { recordingId: "r1", startedAt: 0, paused: false, pausedAt: null, pausedMs: 0 };
  room.capture = { attach: () => 0, detach: () => 0, notice };
  rooms.tick(1);
  expect(rooms.get("r")).toBe(room);
  room.capture = undefined;
  room.occupants.enter({ user: { id: "ann", name: "Ann" }, role: "host" }, "session");
  rooms.tick(2);
  expect(rooms.get("r")).toBe(room);
  room.occupants.leave("ann", "session");
  rooms.tick(3);
  expect(rooms.get("r")).toBeUndefined();
});

test("a revoked token opens none", async () => {
  const revocations = new Revocations({}, () => 5);
  const rooms = open(revocations);
  revocations.revoke("r");
  const person = { user: { id: "ann", name: "Ann" }, role: "host" as const, issuedAt: 4 };
  const offer = { roomId: "r", offer: "", maxParticipants: 8 };
  const refused = { code: "UNAUTHORIZED" };
  await expect(rooms.publish({ ...person, ...offer, source: "camera" })).rejects.toMatchObject(
    refused,
  );
  await expect(rooms.subscribe({ ...person, ...offer })).rejects.toMatchObject(refused);
  expect(rooms.get("r")).toBeUndefined();
});
