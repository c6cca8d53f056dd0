import { describe, expect, it } from "vitest";
import type { Clock } from "../../core/clock.ts";
import { pumpMedia } from "./mediaPump.ts";

/** Time that passes only while somebody sleeps. */
class SleepingClock implements Clock {
  time = 1000;
  onSleep: () => void = () => undefined;

  now = () => this.time;

  sleep = async (ms: number) => {
    this.time += ms;
    this.onSleep();
  };
}

interface Sent {
  kind: "video" | "audio" | "tick";
  slot: number;
  ms: number;
}

async function pumped(clock: SleepingClock, untilMs: number, start = 1000): Promise<Sent[]> {
  const stopping = new AbortController();
  const before = clock.onSleep;
  clock.onSleep = () => {
    before();
    if (clock.time - start >= untilMs) stopping.abort();
  };
  const sent: Sent[] = [];
  const keep = (kind: Sent["kind"]) => (slot: number, ms: number) =>
    void sent.push({ kind, slot, ms });
  await pumpMedia({
    clock,
    start,
    frameMs: 40,
    signal: stopping.signal,
    sinks: {
      video: keep("video"),
      audio: keep("audio"),
      tick: (slot) => keep("tick")(slot, slot * 250),
    },
  });
  return sent;
}

const of = (sent: Sent[], kind: Sent["kind"]) => sent.filter((item) => item.kind === kind);

describe("the pump", () => {
  it("sends frames, packets and ticks at their times", async () => {
    const sent = await pumped(new SleepingClock(), 1000);
    expect(of(sent, "video").map(({ ms }) => ms)).toEqual(
      Array.from({ length: 25 }, (_, n) => n * 40),
    );
    expect(of(sent, "audio")).toHaveLength(50);
    expect(of(sent, "tick").map(({ slot }) => slot)).toEqual([0, 1, 2, 3]);
  });

  it("catches up after a short stall", async () => {
    const clock = new SleepingClock();
    clock.onSleep = () => {
      if (clock.time === 1100) clock.time += 400;
    };
    const sent = await pumped(clock, 1000);
    expect(of(sent, "video")).toHaveLength(25);
  });

  it("leaves out what is long overdue after the machine was asleep", async () => {
    const clock = new SleepingClock();
    clock.onSleep = () => {
      if (clock.time === 1100) clock.time += 10_000;
    };
    const sent = of(await pumped(clock, 10_400), "video").map(({ ms }) => ms);
    expect(sent.filter((ms) => ms > 100 && ms < 9_600)).toEqual([]);
    expect(sent.at(-1)).toBeGreaterThan(10_200);
  });

  it("does not send what lies before its beginning", async () => {
    const sent = await pumped(new SleepingClock(), 500, 700);
    expect(of(sent, "video").map(({ ms }) => ms)).toEqual([320, 360, 400, 440, 480]);
  });
});
