import { describe, expect, test } from "vitest";
import { Downlink, type DownlinkSample } from "./downlink.ts";

const sent = 3_000_000;
const good: DownlinkSample = { estimate: 5_000_000, sent, loss: 0, waitingMs: 0 };
/** Looks while all that may be sent is sent, at 1 Mbit/s each; returns the limit after each. */
const limits = (downlink: Downlink, wanted: number, samples: readonly DownlinkSample[]) =>
  samples.map((sample) => {
    const active = Math.min(wanted, downlink.limit);
    downlink.assess({ ...sample, sent: active * 1_000_000 }, active, wanted);
    return downlink.limit;
  });
const times = (count: number, sample: DownlinkSample) =>
  Array.from({ length: count }, () => sample);

describe("all is sent", () => {
  test.each([
    ["to a receiver who can take it", good],
    ["when nothing is said", { ...good, estimate: undefined }],
    ["to one who understates", { ...good, estimate: 100_000, waitingMs: 100 }],
    ["with loss that retransmission repairs", { ...good, loss: 0.05 }],
    ["to one who is far away and can take it", { ...good, waitingMs: 900 }],
  ])("%s", (_, sample) => {
    expect(limits(new Downlink(), 3, times(30, sample)).at(-1)).toBe(Infinity);
  });

  test("after one bad second", () => {
    const bad = { ...good, estimate: 100_000, loss: 0.5 };
    expect(limits(new Downlink(), 3, [bad, good, bad, good]).at(-1)).toBe(Infinity);
  });
});

describe("less is sent", () => {
  test("as much as fits", () => {
    const weak = { ...good, estimate: 1_100_000, loss: 0.05 };
    expect(limits(new Downlink(), 3, times(2, weak))).toEqual([Infinity, 1]);
  });

  test("one by one when only loss tells", () => {
    const lossy = { ...good, estimate: undefined, loss: 0.3 };
    expect(limits(new Downlink(), 3, times(6, lossy))).toEqual([Infinity, 2, 2, 1, 1, 0]);
  });

  test("when nothing is lost but all of it waits", () => {
    const queued = { ...good, estimate: 1_100_000, waitingMs: 400 };
    expect(limits(new Downlink(), 3, times(2, queued))).toEqual([Infinity, 1]);
  });

  test("nothing at all when one is too much", () => {
    const queued = { ...good, estimate: 100_000, waitingMs: 2000 };
    expect(limits(new Downlink(), 3, times(4, queued))).toEqual([Infinity, 1, 1, 0]);
  });

  test("but never no video for an estimate and some queue", () => {
    const wrong = { ...good, estimate: 1, waitingMs: 900 };
    expect(Math.min(...limits(new Downlink(), 3, times(20, wrong)))).toBe(1);
  });
});

describe("more is tried again", () => {
  const weak = { ...good, estimate: 1_100_000, loss: 0.05 };

  test("only when nothing waits any more", () => {
    const downlink = new Downlink();
    limits(downlink, 2, times(4, { ...good, estimate: 100_000, waitingMs: 2000 }));
    const draining = times(20, { ...good, estimate: 100_000, waitingMs: 2000 });
    expect(limits(downlink, 2, draining).at(-1)).toBe(0);
    expect(limits(downlink, 2, times(5, good)).at(-1)).toBe(1);
  });

  test("one at a time after five calm seconds each, until there is no limit", () => {
    const downlink = new Downlink();
    limits(downlink, 3, times(2, weak));
    const calm = limits(downlink, 3, times(10, good));
    expect(calm).toEqual([1, 1, 1, 1, 2, 2, 2, 2, 2, Infinity]);
  });

  test("later and later when it fails", () => {
    const downlink = new Downlink();
    const waits: number[] = [];
    for (let round = 0; round < 5; round++) {
      limits(downlink, 2, times(2, weak));
      let waited = 0;
      while (downlink.limit === 1) {
        limits(downlink, 2, [good]);
        waited++;
      }
      waits.push(waited);
    }
    expect(waits).toEqual([5, 10, 20, 40, 60]);
  });

  test("soon again after a long good time", () => {
    const downlink = new Downlink();
    for (let round = 0; round < 3; round++) {
      limits(downlink, 2, times(2, weak));
      while (downlink.limit === 1) limits(downlink, 2, [good]);
    }
    limits(downlink, 2, times(70, good));
    limits(downlink, 2, times(2, weak));
    expect(limits(downlink, 2, times(5, good)).at(-1)).toBe(Infinity);
  });
});
