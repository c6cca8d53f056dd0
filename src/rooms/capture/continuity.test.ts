import { beforeEach, describe, expect, test } from "vitest";
import { Continuity } from "./continuity.ts";
import type { PieceStart } from "./pieces.ts";

interface Sent {
  /** When it was captured, and what its sender says of that; ms. */
  at: number;
  senderMs: number;
}

interface Network {
  delayMs?: number;
  jitterMs?: number;
  /** Nothing arrives in between; what was sent meanwhile arrives from `toMs` on, at `pace` times the pace of its making, else at once. */
  stalls?: { fromMs: number; toMs: number; pace?: number }[];
}

function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Every `everyMs` a frame, but for pauses; the sender's time leaves pauses out where `gapless`. */
function sender({
  untilMs,
  everyMs = 20,
  pauses = [],
  gapless = true,
  jumps = [],
  ppm = 0,
}: {
  untilMs: number;
  everyMs?: number;
  pauses?: { fromMs: number; toMs: number }[];
  gapless?: boolean;
  jumps?: { atMs: number; byMs: number }[];
  ppm?: number;
}): Sent[] {
  const sent: Sent[] = [];
  let offset = 777_000;
  let paused = 0;
  for (let at = 0; at < untilMs; at += everyMs) {
    const pause = pauses.find(({ fromMs, toMs }) => at >= fromMs && at < toMs);
    if (pause) {
      paused += everyMs;
      continue;
    }
    for (const { atMs, byMs } of jumps) if (at >= atMs && at - everyMs < atMs) offset += byMs;
    sent.push({ at, senderMs: offset + at * (1 + ppm / 1e6) - (gapless ? paused : 0) });
  }
  return sent;
}

/** What comes out: for each frame how far it is from where it was captured, and the pieces. */
function place(sent: Sent[], network: Network = {}, seed = 1) {
  const { delayMs = 30, jitterMs = 20, stalls = [] } = network;
  const random = randomFrom(seed);
  let last = 0;
  const arrived = sent.map((one) => {
    const natural = one.at + delayMs + random() * jitterMs;
    let comes = natural;
    for (const { fromMs, toMs, pace = Number.POSITIVE_INFINITY } of stalls)
      if (comes >= fromMs) comes = Math.max(comes, toMs + (comes - fromMs) / pace);
    last = Math.max(comes, last + 0.1);
    return { ...one, arrivedAt: last };
  });
  const placed: { at: number; mediaMs: number }[] = [];
  const pieces: PieceStart[] = [];
  const continuity = new Continuity<Sent>({
    frame: (frame, mediaMs) => placed.push({ at: frame.at, mediaMs }),
    piece: (start) => pieces.push(start),
  });
  for (const one of arrived) {
    for (let now = last; now < one.arrivedAt; now += 40) continuity.tick(now);
    continuity.push(one, one.senderMs, one.arrivedAt);
  }
  continuity.flush();
  const zero = (placed[0]?.at ?? 0) - (placed[0]?.mediaMs ?? 0);
  const errors = placed.map(({ at, mediaMs }) => ({ at, off: Math.round(mediaMs + zero - at) }));
  return {
    placed,
    pieces,
    errors,
    worst: errors.reduce((most, { off }) => Math.max(most, Math.abs(off)), 0),
  };
}

const everyFrame = (sent: Sent[], { placed }: ReturnType<typeof place>) =>
  expect(placed.map(({ at }) => at)).toEqual(sent.map(({ at }) => at));

describe("a sender whose time runs on without a gap while it pauses", () => {
  test.each([200, 260, 500, 1500, 5000, 8000, 60_000])(
    "is heard again where it speaks after %i ms",
    (pauseMs) => {
      const sent = sender({
        untilMs: 5000 + pauseMs,
        pauses: [{ fromMs: 3000, toMs: 3000 + pauseMs }],
      });
      const result = place(sent);
      everyFrame(sent, result);
      expect(result.pieces).toHaveLength(1);
      expect(result.worst).toBeLessThan(45);
    },
  );

  test("many times over an hour, with drift, is at its place", () => {
    const pauses = Array.from({ length: 60 }, (_, i) => ({
      fromMs: i * 60_000 + 20_000,
      toMs: i * 60_000 + 20_000 + 300 * (1 + (i % 30)),
    }));
    const sent = sender({ untilMs: 3_600_000, pauses, ppm: 200 });
    const result = place(sent);
    everyFrame(sent, result);
    expect(result.pieces).toHaveLength(60);
    // Within a piece media time is the sender's: its drift is told by arrivals, not here.
    expect(result.worst).toBeLessThan(1000);
  });

  test.each([200, 100, 40])(
    "every second, with %i ms of sound in between, is at its place",
    (soundMs) => {
      const pauses = Array.from({ length: 30 }, (_, i) => ({
        fromMs: 2000 + i * 1000 + soundMs,
        toMs: 3000 + i * 1000,
      }));
      const sent = sender({ untilMs: 34_000, pauses });
      const result = place(sent);
      everyFrame(sent, result);
      expect(result.worst).toBeLessThan(70);
    },
  );

  test("and then sends a few packets at once keeps them apart, also before the next pause", () => {
    const placed: number[] = [];
    const continuity = new Continuity<number>({
      frame: (_, mediaMs) => placed.push(mediaMs),
      piece: () => undefined,
    });
    for (let ms = 0; ms < 1000; ms += 20) continuity.push(ms, ms, ms + 5);
    // Half a second of nothing, three packets at once, as long again, and on.
    for (const ms of [1000, 1020, 1040]) continuity.push(ms, ms, 1545);
    for (let ms = 1060; ms < 3000; ms += 20) continuity.push(ms, ms, ms + 900);
    continuity.flush();
    const apart = placed.slice(1).map((ms, index) => ms - (placed[index] ?? 0));
    expect(Math.min(...apart)).toBeGreaterThan(19);
  });

  test("with sparse packets after it is at its place", () => {
    const sent = sender({ untilMs: 12_000, everyMs: 400, pauses: [{ fromMs: 4000, toMs: 9000 }] });
    const result = place(sent);
    everyFrame(sent, result);
    expect(result.worst).toBeLessThan(45);
  });
});

describe("a network that stands still", () => {
  test.each([300, 800, 2000, 4000, 8000])("for %i ms moves nothing", (stallMs) => {
    const sent = sender({ untilMs: 14_000 });
    const result = place(sent, { stalls: [{ fromMs: 4000, toMs: 4000 + stallMs }] });
    everyFrame(sent, result);
    expect(result.pieces).toEqual([]);
    expect(result.worst).toBe(0);
  });

  test("and delivers a burst before its sender falls silent moves nothing", () => {
    const sent = sender({
      untilMs: 20_000,
      gapless: false,
      pauses: [{ fromMs: 3300, toMs: 9420 }],
    });
    const result = place(sent, { stalls: [{ fromMs: 2260, toMs: 4500 }] });
    everyFrame(sent, result);
    expect(result.pieces).toEqual([]);
    expect(result.worst).toBe(0);
  });

  test.each([450, 580, 2000])("while its sender falls silent, until %i ms later", (laterMs) => {
    const pauses = [{ fromMs: 8340, toMs: 10_500 + laterMs }];
    const sent = sender({ untilMs: 14_000, pauses });
    const result = place(sent, { stalls: [{ fromMs: 7120, toMs: 10_500 }] });
    everyFrame(sent, result);
    expect(result.pieces).toHaveLength(1);
    expect(result.worst).toBeLessThan(45);
  });

  test("again before all is delivered moves nothing", () => {
    const placed: number[] = [];
    const pieces: PieceStart[] = [];
    const continuity = new Continuity<number>({
      frame: (_, mediaMs) => placed.push(mediaMs),
      piece: (start) => pieces.push(start),
    });
    for (let ms = 0; ms < 2000; ms += 20) continuity.push(ms, ms, ms + 5);
    continuity.push(2000, 2000, 2195);
    continuity.push(2020, 2020, 2200);
    for (let ms = 2040; ms < 2300; ms += 20) continuity.push(ms, ms, 2310);
    for (let ms = 2300; ms < 5000; ms += 20) continuity.push(ms, ms, ms + 15);
    expect(pieces).toEqual([]);
    expect(placed).toEqual(Array.from({ length: 250 }, (_, index) => index * 20));
  });

  test.each(
    [1.1, 1.2, 1.3, 1.5, 2, 3, 5].flatMap((pace) =>
      [20, 33, 67].map((everyMs) => ({ pace, everyMs })),
    ),
  )("and makes up for it at $pace times the pace, a frame in $everyMs ms", ({ pace, everyMs }) => {
    for (const stallMs of [200, 400, 1000])
      for (const seed of [1, 2, 3]) {
        const stalls = [{ fromMs: 5000, toMs: 5000 + stallMs, pace }];
        const result = place(sender({ untilMs: 20_000, everyMs }), { stalls }, seed);
        expect(result.pieces).toEqual([]);
        expect(result.worst).toBe(0);
      }
  });

  test.each([100, 200, 300, 500])(
    "and again %i ms later, before all is made up for at twice the pace, moves nothing",
    (gapMs) => {
      const again = 5400 + gapMs;
      const stalls = [
        { fromMs: 5000, toMs: 5400, pace: 2 },
        { fromMs: again, toMs: again + 200, pace: 2 },
      ];
      const result = place(sender({ untilMs: 15_000 }), { stalls });
      expect(result.pieces).toEqual([]);
      expect(result.worst).toBe(0);
    },
  );

  test.each([1.2, 1.5, 2])(
    "at the end of a pause, and makes up for it at %d times the pace",
    (pace) => {
      for (const pauseMs of [500, 1000, 3000]) {
        const until = 5000 + pauseMs;
        const sent = sender({ untilMs: 20_000, pauses: [{ fromMs: 5000, toMs: until }] });
        const stalls = [{ fromMs: until - 200, toMs: until + 300, pace }];
        const result = place(sent, { stalls });
        everyFrame(sent, result);
        expect(result.pieces).toHaveLength(1);
        expect(result.worst).toBeLessThan(100);
      }
    },
  );

  test("for long at the end of a pause is believed for some seconds, and then told from it", () => {
    for (const pauseMs of [500, 2000]) {
      const until = 5000 + pauseMs;
      const sent = sender({ untilMs: 30_000, pauses: [{ fromMs: 5000, toMs: until }] });
      const stalls = [{ fromMs: until - 200, toMs: until + 800, pace: 1.2 }];
      const { errors, pieces } = place(sent, { stalls });
      expect(pieces).toHaveLength(1);
      const later = errors.filter(({ at }) => at > until + 7000).map(({ off }) => Math.abs(off));
      expect(Math.max(...later)).toBeLessThan(100);
    }
  });

  test("again and again moves nothing", () => {
    const sent = sender({ untilMs: 60_000 });
    const stalls = Array.from({ length: 30 }, (_, i) => ({
      fromMs: i * 2000 + 500,
      toMs: i * 2000 + 500 + 60 * (1 + (i % 20)),
    }));
    const result = place(sent, { stalls });
    everyFrame(sent, result);
    expect(result.worst).toBe(0);
  });

  test.each([1, 2, 3, 4, 5])(
    "and jitters by 250 ms moves nothing that could be noticed (%i)",
    (seed) => {
      const sent = sender({ untilMs: 60_000 });
      const result = place(sent, { jitterMs: 250 }, seed);
      everyFrame(sent, result);
      expect(result.worst).toBeLessThan(150);
    },
  );

  test("moves no pictures that are sent now and then", () => {
    const sent = sender({ untilMs: 120_000, everyMs: 3000 });
    const result = place(sent, { jitterMs: 700 }, 7);
    everyFrame(sent, result);
    expect(result.worst).toBe(0);
  });
});

describe("a sender whose time jumps", () => {
  test.each([-30_000, -5000, -300, 300, 3000, 30_000, 10_000_000])(
    "by %i ms stays where it arrives",
    (byMs) => {
      const sent = sender({ untilMs: 9000, jumps: [{ atMs: 4000, byMs }] });
      const result = place(sent);
      everyFrame(sent, result);
      expect(result.pieces).toHaveLength(1);
      expect(result.worst).toBeLessThan(45);
    },
  );

  test("while it sends nothing, soon after it began, stays where it arrives", () => {
    const sent = sender({
      untilMs: 14_000,
      everyMs: 67,
      gapless: false,
      pauses: [{ fromMs: 1500, toMs: 10_000 }],
      jumps: [{ atMs: 9000, byMs: 3077 }],
    }).map((one) => (one.at >= 10_000 ? { ...one, senderMs: one.senderMs + 3077 } : one));
    const result = place(sent);
    everyFrame(sent, result);
    expect(result.worst).toBeLessThan(45);
  });

  test("for one packet only is not followed", () => {
    const sent = sender({ untilMs: 9000 });
    for (const index of [150, 250, 251, 300]) {
      const stray = sent[index];
      if (stray) stray.senderMs += index % 2 === 0 ? 5_000_000 : -7000;
    }
    const result = place(sent);
    everyFrame(sent, result);
    expect(result.pieces).toEqual([]);
    expect(result.worst).toBeLessThan(60);
  });

  test("with every packet is bounded in pieces, and placed by arrival", () => {
    const sent = sender({ untilMs: 20_000 });
    sent.forEach((one, index) => {
      one.senderMs = index % 2 === 0 ? one.senderMs : one.senderMs + 90_000_000;
    });
    const result = place(sent);
    everyFrame(sent, result);
    expect(result.pieces.length).toBeLessThan(20);
    expect(result.worst).toBeLessThan(3200);
  });
});

describe("a sender that starts over", () => {
  let placed: number[];
  let pieces: PieceStart[];
  let continuity: Continuity<string>;
  beforeEach(() => {
    [placed, pieces] = [[], []];
    continuity = new Continuity<string>({
      frame: (_, mediaMs) => placed.push(Math.round(mediaMs)),
      piece: (start) => pieces.push(start),
    });
    continuity.push("a", 5000, 100);
    continuity.push("b", 5020, 120);
    continuity.restart();
  });

  test("goes on at the place where it arrives, once some of it has come", () => {
    expect(continuity.placed).toBe(false);
    for (let ms = 0; ms < 300; ms += 20) continuity.push("c", 9_000_000 + ms, 920 + ms);
    expect(continuity.placing).toBe(true);
    expect(placed).toEqual([0, 20]);
    continuity.push("d", 9_000_300, 1220);
    expect(continuity.placed).toBe(true);
    expect(placed.slice(2)).toEqual(Array.from({ length: 16 }, (_, i) => 820 + i * 20));
    expect(pieces).toEqual([{ atMs: expect.closeTo(820, 0), endMs: 20, arrivedAt: 920 }]);
  });

  test("does so although nothing follows its first frame", () => {
    continuity.push("c", 9_000_000, 920);
    continuity.tick(3919);
    expect(placed).toEqual([0, 20]);
    continuity.tick(3920);
    expect(placed).toEqual([0, 20, 820]);
  });

  test("goes on where its sender was, although a network held back its first frames", () => {
    for (let ms = 0; ms <= 8000; ms += 20) continuity.push("c", 9_000_000 + ms, 8920);
    for (let ms = 8020; ms <= 9000; ms += 20) continuity.push("d", 9_000_000 + ms, 920 + ms);
    expect(placed.slice(2)).toEqual(Array.from({ length: 451 }, (_, i) => 820 + i * 20));
    expect(pieces).toEqual([{ atMs: expect.closeTo(820, 0), endMs: 20, arrivedAt: 8920 }]);
  });

  test("loses nothing when it starts over again at once", () => {
    continuity.push("c", 9_000_000, 920);
    continuity.restart();
    continuity.push("d", 4000, 940);
    continuity.flush();
    expect(placed).toEqual([0, 20, 820, 840]);
    expect(pieces).toHaveLength(2);
  });
});
