import { expect, test } from "vitest";
import { silentLog } from "../../core/log.ts";
import { PresenceBook } from "../../rooms/presence/presenceBook.ts";
import type { RoomPresence } from "../port.ts";
import { PresenceFollower } from "./presenceFollower.ts";

const ann: RoomPresence = { roomId: "r", userId: "ann", state: "joined", at: 1 };
const bob: RoomPresence = { roomId: "r", userId: "bob", state: "left", at: 2 };

function follow() {
  const told: RoomPresence[] = [];
  const follower = new PresenceFollower(() => 99, silentLog);
  follower.subscribe((presence) => told.push(presence));
  return { follower, told };
}

test("a server that was away is told who came and who left meanwhile", () => {
  const { follower, told } = follow();
  follower.take({ type: "snapshot", entries: [ann, bob] });
  expect(told).toEqual([ann, bob]);
});

test("nothing is told twice when the stream is followed again", () => {
  const { follower, told } = follow();
  follower.take({ type: "snapshot", entries: [ann] });
  follower.take({ type: "ping" });
  follower.take({ type: "change", entry: { ...ann, state: "left", at: 5 } });
  follower.take({ type: "snapshot", entries: [{ ...ann, state: "left", at: 5 }] });
  expect(told.map(({ state }) => state)).toEqual(["joined", "left"]);
});

test("who left and came back while nobody listened is told by the later arrival", () => {
  const { follower, told } = follow();
  follower.take({ type: "snapshot", entries: [ann] });
  follower.take({ type: "snapshot", entries: [{ ...ann, at: 7 }] });
  expect(told.map(({ at }) => at)).toEqual([1, 7]);
});

test("who is forgotten by the other side has left", () => {
  const { follower, told } = follow();
  follower.take({ type: "snapshot", entries: [ann] });
  follower.take({ type: "snapshot", entries: [] });
  expect(told.at(-1)).toEqual({ ...ann, state: "left", at: 99 });
});

test("a listener that throws does not keep others from hearing", () => {
  const { follower, told } = follow();
  follower.subscribe(() => {
    throw new Error("broken");
  });
  follower.take({ type: "change", entry: ann });
  expect(told).toEqual([ann]);
});

test("a later listener hears who is there; an unsubscribed one nothing", () => {
  const { follower, told } = follow();
  follower.take({ type: "change", entry: ann });
  const late: RoomPresence[] = [];
  follower.subscribe((presence) => late.push(presence))();
  follower.take({ type: "change", entry: bob });
  expect(late).toEqual([ann]);
  expect(told).toEqual([ann, bob]);
});

test("those a dead process had in its rooms have left with it", () => {
  const book = new PresenceBook([ann, bob], () => 50);
  expect(book.entries).toEqual([{ ...ann, state: "left", at: 50 }, bob]);
});

test("who left is forgotten after a day, who is there never", () => {
  let now = 0;
  const book = new PresenceBook([], () => now);
  book.set("r", "ann", "joined");
  book.set("r", "bob", "joined");
  book.set("r", "bob", "left");
  now += 25 * 3600 * 1000;
  book.set("r", "cem", "joined");
  book.set("r", "cem", "left");
  expect(book.entries.map(({ userId }) => userId)).toEqual(expect.arrayContaining(["ann", "cem"]));
  expect(book.entries.map(({ userId }) => userId)).not.toContain("bob");
});
