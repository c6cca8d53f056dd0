import { beforeEach, describe, expect, it } from "vitest";
import { FakeMedia } from "./fakeMedia.ts";
import type { Playback, PlaybackTrack } from "./playback.ts";
import { TracksSource } from "./tracksSource.ts";

const track = (trackId: string, change: Partial<PlaybackTrack> = {}): PlaybackTrack => ({
  ...{ trackId, participantId: "ada", kind: "audio", codec: "opus", mimeType: "audio/webm" },
  ...{ url: `/${trackId}.webm`, sizeBytes: 1, startMs: 0, endMs: 120_000 },
  clock: [{ mediaMs: 0, atMs: 0 }],
  ...change,
});
const picture = track("v", { kind: "video", codec: "VP8" });

let now: number;
let media: Map<string, FakeMedia>;
beforeEach(() => {
  now = 1000;
  media = new Map();
});

function play(tracks: PlaybackTrack[], made = (_: FakeMedia) => {}): TracksSource {
  const source = new TracksSource({ tracks, durationMs: 120_000 } as Playback, {
    now: () => now,
    place: ({ trackId }) => {
      const one = new FakeMedia();
      made(one);
      media.set(trackId, one);
      return one.element;
    },
  });
  source.setSound(1, false);
  source.setPlaying(true);
  return source;
}

const of = (trackId: string): FakeMedia => {
  const found = media.get(trackId);
  if (!found) throw new Error(`${trackId} was never loaded`);
  return found;
};

/** Time passes for everyone; `pace` 0: that track stands still. `stepMs`: from tick to tick. */
function pass(
  source: TracksSource,
  ms: number,
  pace: Record<string, number> = {},
  { stepMs = 50, each = () => {} } = {},
): void {
  for (let passed = 0; passed < ms; passed += stepMs) {
    now += stepMs;
    for (const [id, one] of media) one.pass(stepMs, pace[id] ?? 1);
    source.tick();
    each();
  }
}

const farthest = (source: TracksSource) =>
  Math.max(...source.players.map((one) => Math.abs(one.driftMs(source.positionMs))));

describe("sound that stands still", () => {
  it("holds everybody back and is heard in full when it plays again", () => {
    const source = play([track("a"), picture]);
    pass(source, 3000);
    const stoodAt = of("a").currentTime;
    pass(source, 300, { a: 0 });
    pass(source, 1700, { a: 0 }, { each: () => expect(of("v").paused).toBe(true) });
    expect(source.advancing).toBe(false);
    expect(source.ready).toBe(false);
    expect(source.positionMs).toBeCloseTo(stoodAt * 1000, 0);
    expect(of("a")).toMatchObject({ paused: false, currentTime: stoodAt });
    pass(source, 10_000);
    expect(of("a").currentTime).toBeGreaterThan(stoodAt + 9.5);
    expect(of("a").seeks).toEqual([]);
    expect(of("v").seeks).toEqual([]);
    expect(farthest(source)).toBeLessThan(45);
  });

  it("does not stop the pictures for ever, nor once more with each track that begins", () => {
    const late = track("b", { startMs: 20_000, clock: [{ mediaMs: 0, atMs: 20_000 }] });
    const source = play([track("a"), late, picture]);
    const dead = { a: 0, b: 0 };
    pass(source, 8000, dead);
    expect(source.positionMs).toBeLessThan(500);
    pass(source, 10_000, dead);
    expect(source.positionMs).toBeGreaterThan(9000);
    const before = source.positionMs;
    pass(source, 20_000, dead);
    source.setPlaying(false);
    source.setPlaying(true);
    pass(source, 20_000, dead);
    expect(source.positionMs).toBeGreaterThan(before + 39_000);
    expect(of("v").currentTime).toBeCloseTo(source.positionMs / 1000, 1);
  });

  it("is waited for again once sound has come back", () => {
    const source = play([track("a"), picture]);
    pass(source, 15_000, { a: 0 });
    expect(source.advancing).toBe(true);
    pass(source, 5000);
    expect(farthest(source)).toBeLessThan(45);
    of("a").seeks.length = 0;
    pass(source, 2000, { a: 0 });
    expect(source.advancing).toBe(false);
    pass(source, 1000);
    expect(source.advancing).toBe(true);
    expect(of("a").seeks).toEqual([]);
  });

  it("is no reason to skip or stop for good when the other sound plays", () => {
    const source = play([track("a"), track("b"), picture]);
    pass(source, 3000);
    pass(source, 2000, { b: 0 });
    expect(source.advancing).toBe(false);
    expect(of("a").paused).toBe(true);
    expect(of("b").currentTime).toBeCloseTo(3, 1);
    pass(source, 10_000);
    expect([...of("a").seeks, ...of("b").seeks]).toEqual([]);
    expect(farthest(source)).toBeLessThan(45);
    pass(source, 40_000, { b: 0 });
    expect(of("a").currentTime).toBeGreaterThan(13 + 30);
    expect(of("a").currentTime).toBeCloseTo(source.positionMs / 1000, 1);
  });

  it("is told from sound that is only slow", () => {
    const source = play([track("a"), picture]);
    pass(source, 20_000, { a: 0.96 }, { each: () => expect(source.advancing).toBe(true) });
    expect(of("a").seeks).toEqual([]);
    expect(farthest(source)).toBeLessThan(60);
  });

  it("is told from sound that is slow to start, each track in its own way", () => {
    const starts = [400, 700];
    const source = play([track("a"), track("b"), picture], (one) => {
      one.startsAfterMs = starts.shift() ?? 0;
    });
    pass(source, 12_000);
    expect(source.advancing).toBe(true);
    expect(source.positionMs).toBeGreaterThan(9000);
    expect([...of("a").seeks, ...of("b").seeks]).toEqual([]);
    expect(farthest(source)).toBeLessThan(45);
  });

  it.each([
    [0, false],
    [1, true],
  ])("does not matter when nobody hears it (volume %d, muted: %s)", (volume, muted) => {
    const source = play([track("a"), picture]);
    source.setSound(volume, muted);
    pass(source, 5000, { a: 0 });
    expect(source.positionMs).toBeGreaterThan(4000);
    expect(of("v").currentTime).toBeCloseTo(source.positionMs / 1000, 1);
  });

  it("lets go when it is muted, and waits for nobody while paused", () => {
    const source = play([track("a"), picture]);
    pass(source, 1000, { a: 0 });
    source.setPlaying(false);
    expect(of("a").paused).toBe(true);
    expect(source.ready).toBe(true);
    source.setPlaying(true);
    pass(source, 1000, { a: 0 });
    expect(source.advancing).toBe(false);
    source.setSound(1, true);
    source.tick();
    expect(source.advancing).toBe(true);
  });

  it("does not keep the person from going elsewhere", () => {
    const source = play([track("a"), picture]);
    pass(source, 2000);
    pass(source, 1000, { a: 0 });
    source.seek(50_000);
    expect(source.positionMs).toBe(50_000);
    pass(source, 1000, { a: 0 });
    expect(source.positionMs).toBe(50_000);
    expect(of("a").currentTime).toBe(50);
  });

  it("is known at double speed and in a tab that is seldom awake", () => {
    const source = play([track("a"), picture]);
    pass(source, 30_000, {}, { stepMs: 1000, each: () => expect(source.advancing).toBe(true) });
    of("a").seeks.length = 0;
    const stoodAt = of("a").currentTime;
    pass(source, 4000, { a: 0 }, { stepMs: 1000 });
    expect(source.positionMs).toBeCloseTo(stoodAt * 1000, 0);
    source.setRate(2);
    pass(source, 2000);
    pass(source, 1000, { a: 0 });
    expect(source.advancing).toBe(false);
    expect(of("a").seeks.every((to) => to <= of("a").currentTime)).toBe(true);
  });
});
