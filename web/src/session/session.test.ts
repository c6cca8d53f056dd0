import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { SessionStore } from "./session.ts";

const session = { userId: "user_1", name: "Ada", token: "t", expiresAt: 10_000 };

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
});

afterEach(() => {
  vi.useRealTimers();
});

const open = () => new SessionStore(window.localStorage);

it("is there at once after a reload", () => {
  open().begin(session);
  expect(open().current).toEqual(session);
  expect(open().token()).toBe("t");
});

it("runs out by itself and says so", async () => {
  const store = open();
  const heard = vi.fn();
  store.subscribe(heard);
  store.begin(session);
  await vi.advanceTimersByTimeAsync(10_000);
  expect([store.current, store.ranOut]).toEqual([undefined, true]);
  expect(heard).toHaveBeenCalledTimes(2);
});

it("a session that ran out while nobody looked is none", () => {
  open().begin(session);
  vi.setSystemTime(20_000);
  const store = open();
  expect([store.current, store.ranOut]).toEqual([undefined, true]);
});

it("signing out is not running out, and is seen by other tabs", () => {
  const [here, there] = [open(), open()];
  here.begin(session);
  window.dispatchEvent(new StorageEvent("storage", { key: "connvo.session" }));
  expect(there.current).toEqual(session);
  here.end();
  window.dispatchEvent(new StorageEvent("storage", { key: "connvo.session" }));
  expect([here.ranOut, there.current, there.ranOut]).toEqual([false, undefined, false]);
});

it.each(["", "{", "null", "[]", '{"token":1}', '{"userId":"u","name":"n","token":"t"}'])(
  "what is stored as %j is no session",
  (text) => {
    window.localStorage.setItem("connvo.session", text);
    expect(open().current).toBeUndefined();
  },
);
