import { beforeEach, expect, it, vi } from "vitest";
import { manualClock } from "../../test/support/fakeIssuer.ts";
import { silentLog } from "../core/log.ts";
import { StopRequest } from "./stopRequest.ts";

let clock: ReturnType<typeof manualClock>;
let giveUp: () => void;
let request: StopRequest;

beforeEach(() => {
  clock = manualClock();
  giveUp = vi.fn();
  request = new StopRequest({ clock, log: silentLog, giveUp });
});

const state = () => [request.wanted.aborted, request.hurry.aborted];

it("asks with the first signal, and hastens with another", () => {
  expect(state()).toEqual([false, false]);
  request.ask("SIGINT");
  expect(state()).toEqual([true, false]);
  clock.advance(1000);
  request.ask("SIGINT");
  expect(state()).toEqual([true, true]);
});

it("takes signals that come together for one: a terminal sends one, and npm the same once more", () => {
  request.ask("SIGINT");
  clock.advance(300);
  request.ask("SIGTERM");
  expect(state()).toEqual([true, false]);
});

it("hastens by itself after a while, and gives up after another", async () => {
  const waits: (() => void)[] = [];
  clock.sleep = () => new Promise((resolve) => waits.push(resolve));
  request.ask("SIGTERM");
  await vi.waitFor(() => expect(waits).toHaveLength(1));
  waits[0]?.();
  await vi.waitFor(() => expect(waits).toHaveLength(2));
  expect(state()).toEqual([true, true]);
  expect(giveUp).not.toHaveBeenCalled();
  waits[1]?.();
  await vi.waitFor(() => expect(giveUp).toHaveBeenCalledOnce());
});
