import { beforeEach, describe, expect, it } from "vitest";
import { FakeMedia } from "./fakeMedia.ts";
import type { Playback, PlaybackTrack } from "./playback.ts";
import { TracksSource } from "./tracksSource.ts";

const track = (trackId: string, change: Partial<PlaybackTrack> = {}): PlaybackTrack => ({
  ...{ trackId, participantId: "ada", kind: "audio", codec: "opus", mimeType: "audio/webm" },
  ...{ url: `/${trackId}.webm`, sizeBytes: 1, startMs: 0, endMs: 60_000 },
  clock: [{ mediaMs: 0, atMs: 0 }],
  ...change,
});

let now: number;
let media: Map<string, FakeMedia>;
beforeEach(() => {
  now = 1000;
  media = new Map();
});

function open(tracks: PlaybackTrack[], durationMs = 60_000): TracksSource {
  return new TracksSource({ tracks, durationMs } as Playback, {
    now: () => now,
    place: ({ trackId }) => {
      const made = new FakeMedia();
      media.set(trackId, made);
      return made.element;
    },
  });
}

const of = (trackId: string): FakeMedia => {
  const found = media.get(trackId);
  if (!found) throw new Error(`${trackId} was never loaded`);
  return found;
};

/** Time passes for everyone, in steps of 50 ms. */
function pass(source: TracksSource, ms: number, pace: Record<string, number> = {}): void {
  for (let passed = 0; passed < ms; passed += 50) {
    now += 50;
    for (const [id, one] of media) one.pass(50, pace[id] ?? 1);
    source.tick();
  }
}

describe("TracksSource", () => {
  it("plays all tracks together, each at its own time", () => {
    const late = track("b", { clock: [{ mediaMs: 0, atMs: -400 }] });
    const source = open([track("a"), late]);
    source.seek(2000);
    source.setPlaying(true);
    pass(source, 3000);
    expect(source.positionMs).toBeCloseTo(5000, -2);
    expect(of("a").currentTime).toBeCloseTo(5, 1);
    expect(of("b").currentTime).toBeCloseTo(5.4, 1);
  });

  it("brings a track that runs fast back by a small change of speed, without a seek", () => {
    const source = open([track("a"), track("b")]);
    source.setPlaying(true);
    pass(source, 500);
    of("a").seeks.length = 0;
    pass(source, 20_000, { a: 1.01 });
    expect(Math.abs(source.players[0]?.driftMs(source.positionMs) ?? 1000)).toBeLessThan(45);
    expect(of("a").seeks).toEqual([]);
    expect(of("b").playbackRate).toBeCloseTo(1, 2);
  });

  it("seeks a track that is far off", () => {
    const source = open([track("a")]);
    source.setPlaying(true);
    pass(source, 1000);
    of("a").currentTime = 30;
    of("a").seeks.length = 0;
    source.tick();
    pass(source, 100);
    expect(of("a").seeks).toHaveLength(1);
    expect(of("a").currentTime).toBeCloseTo(source.positionMs / 1000, 1);
  });

  it.each([0.5, 2])("plays at %d×", (rate) => {
    const source = open([track("a")]);
    source.setRate(rate);
    source.setPlaying(true);
    pass(source, 4000);
    expect(source.positionMs / rate).toBeCloseTo(4000, -2);
    expect(of("a").currentTime).toBeCloseTo(4 * rate, 1);
  });

  it("waits with everybody while one track loads, but not for ever", () => {
    const source = open([track("a"), track("b")]);
    source.setPlaying(true);
    pass(source, 1000);
    of("b").readyState = 2;
    pass(source, 3000);
    expect(source.advancing).toBe(false);
    expect(of("a").paused).toBe(true);
    const stalledAt = source.positionMs;
    pass(source, 7000);
    expect(source.advancing).toBe(true);
    expect(source.positionMs).toBeGreaterThan(stalledAt);
    expect(of("a").paused).toBe(false);
  });

  it("goes on without a track that failed, and says so only when none is left", () => {
    const source = open([track("a"), track("b")]);
    source.setPlaying(true);
    of("a").error = { message: "gone" };
    pass(source, 1000);
    expect(source.advancing).toBe(true);
    expect(source.failure).toBeUndefined();
    of("b").error = { message: "gone too" };
    expect(source.failure).toBe("gone");
  });

  it("has only the tracks near the position, and starts and ends each at its time", () => {
    const second = track("b", {
      startMs: 20_000,
      endMs: 30_000,
      clock: [{ mediaMs: 0, atMs: 20_000 }],
    });
    const source = open([track("a"), second]);
    source.setPlaying(true);
    pass(source, 1000);
    expect(media.has("b")).toBe(false);
    source.seek(18_000);
    expect(of("b").paused).toBe(true);
    pass(source, 4000);
    expect(of("b").paused).toBe(false);
    expect(of("b").currentTime).toBeCloseTo((source.positionMs - 20_000) / 1000, 1);
    source.seek(31_000);
    source.tick();
    expect(of("b").paused).toBe(true);
    source.seek(40_000);
    expect(of("b").removed).toBe(true);
  });

  it("stops at the end", () => {
    const source = open([track("a", { endMs: 2000 })], 2000);
    source.setPlaying(true);
    pass(source, 4000);
    expect(source.positionMs).toBe(2000);
    expect(source.advancing).toBe(false);
    expect(of("a").paused).toBe(true);
  });

  it("gives sound to sound only", () => {
    const source = open([track("a"), track("v", { kind: "video", codec: "VP8" })]);
    source.tick();
    source.setSound(0.3, false);
    expect(of("a")).toMatchObject({ volume: 0.3, muted: false });
    expect(of("v").muted).toBe(true);
    source.setSound(0.3, true);
    expect(of("a").muted).toBe(true);
  });
});
