import { describe, expect, it } from "vitest";
import { tileRects } from "./layout.ts";
import type { Playback } from "./playback.ts";
import { sceneAt } from "./scene.ts";
import { missingWords, statusWords } from "./words.ts";

const person = (id: string, fromMs = 0, toMs = 60_000) => ({
  ...{ id, userId: id, source: "camera" as const, name: id.toUpperCase() },
  presence: [{ fromMs, toMs }],
});

const playback = (change: Partial<Playback>): Playback =>
  ({
    ...{
      durationMs: 60_000,
      layout: "grid",
      audioOnly: false,
      participants: [],
      speakers: [],
      gaps: [],
    },
    ...change,
  }) as Playback;

describe("a scene", () => {
  const speakers = [
    { atMs: 1000, participantId: "b" },
    { atMs: 5000, participantId: "a" },
  ];
  const participants = [person("a"), person("b"), person("c", 10_000, 20_000)];

  it("has a tile for everyone who is there, in the order of appearance", () => {
    const ids = (ms: number) =>
      sceneAt(playback({ participants }), ms).tiles.map((tile) => tile.participantId);
    expect(ids(0)).toEqual(["a", "b"]);
    expect(ids(15_000)).toEqual(["a", "b", "c"]);
    expect(ids(20_000)).toEqual(["a", "b"]);
  });

  it("captions who speaks, while they are there", () => {
    const caption = (ms: number) => sceneAt(playback({ participants, speakers }), ms).caption;
    expect(caption(500)).toBeUndefined();
    expect(caption(1000)).toBe("B");
    expect(caption(6000)).toBe("A");
  });

  it("shows the speaker large in spotlight, and alone as single participant", () => {
    const ids = (layout: Playback["layout"]) =>
      sceneAt(playback({ participants, speakers, layout }), 2000).tiles.map(
        (tile) => tile.participantId,
      );
    expect(ids("spotlight")).toEqual(["b", "a"]);
    expect(ids("single-participant")).toEqual(["b"]);
  });

  it("shows a shared screen large in every layout", () => {
    const screen = { ...person("a/screen", 3000, 9000), source: "screen" as const };
    const all = [...participants, screen];
    for (const layout of ["grid", "spotlight", "single-participant"] as const) {
      const [first] = sceneAt(playback({ participants: all, speakers, layout }), 4000).tiles;
      expect(first?.participantId).toBe("a/screen");
      expect(first?.rect.width).toBeGreaterThan(900);
    }
  });
});

it.each([
  ["grid", 4, false],
  ["grid", 5, true],
  ["spotlight", 8, false],
] as const)("tiles of %s with %d lie inside the picture and apart", (layout, count, large) => {
  const rects = tileRects(layout, count, large);
  expect(rects).toHaveLength(count);
  for (const [index, one] of rects.entries()) {
    expect(one.x).toBeGreaterThanOrEqual(0);
    expect(one.x + one.width).toBeLessThanOrEqual(1280.001);
    expect(one.y + one.height).toBeLessThanOrEqual(720.001);
    for (const other of rects.slice(index + 1)) {
      const apart =
        one.x + one.width <= other.x ||
        other.x + other.width <= one.x ||
        one.y + one.height <= other.y ||
        other.y + other.height <= one.y;
      expect(apart).toBe(true);
    }
  }
});

it("says in words what plays and what is to come", () => {
  const progress = { done: 0.437, etaMs: 118_000 };
  expect(statusWords(playback({ progress }), "tracks")).toBe(
    "Playing what was captured; the MP4 is 43 % composed, about 2 minutes left.",
  );
  expect(statusWords(playback({ audioOnly: true }), "file")).toBe(
    "Playing the finished sound file.",
  );
  expect(statusWords(playback({ composeError: "x" }), "tracks")).toContain("could not be made");
});

it("says where something is missing", () => {
  expect(missingWords(playback({}))).toBeUndefined();
  const gaps = [
    { startMs: 8544, endMs: 10_703, reason: "recorder_restarted" as const },
    { startMs: 65_000, endMs: 65_200, reason: "recorder_restarted" as const },
  ];
  expect(missingWords(playback({ gaps }))).toBe(
    "The recorder was interrupted: something is missing at 0:08 (2 s), 1:05 (1 s).",
  );
});
