import { describe, expect, it } from "vitest";
import { canvasSize } from "./geometry.ts";
import { type Cast, type Scene, SceneWalk, scenesOf } from "./scenes.ts";

const canvas = canvasSize("720p");

function timeline(
  presence: Record<string, [number, number][]>,
  speakers: [number, string][] = [],
): Cast {
  return {
    durationMs: 10_000,
    speakers: speakers.map(([atMs, participant]) => ({ atMs, participant })),
    participants: Object.entries(presence).map(([id, times]) => ({
      id,
      ...(id.endsWith("/screen")
        ? { source: "screen" as const, tracks: [{ kind: "video" as const }] }
        : { source: "camera" as const, tracks: [] }),
      presence: times.map(([fromMs, toMs]) => ({ fromMs, toMs })),
    })),
  };
}

const seen = (scenes: Scene[]) =>
  scenes.map(({ fromMs, tiles }) => [fromMs, tiles.map(({ participant }) => participant).join("")]);

describe("scenesOf", () => {
  it("follows who comes and goes, in order of appearance", () => {
    const meeting = timeline({
      a: [[0, 8000]],
      b: [[2000, 10_000]],
      c: [
        [3000, 4000],
        [6000, 7000],
      ],
    });
    expect(seen(scenesOf(meeting, "grid", canvas))).toEqual([
      ...[
        [0, "a"],
        [2000, "ab"],
        [3000, "abc"],
        [4000, "ab"],
      ],
      ...[
        [6000, "abc"],
        [7000, "ab"],
        [8000, "b"],
      ],
    ]);
  });

  it("is empty while nobody is there", () => {
    expect(seen(scenesOf(timeline({ a: [[4000, 6000]] }), "grid", canvas))).toEqual([
      ...[
        [0, ""],
        [4000, "a"],
        [6000, ""],
      ],
    ]);
  });

  it("puts the active speaker in front, and someone present when the speaker is gone", () => {
    const meeting = timeline({ a: [[0, 10_000]], b: [[0, 6000]] }, [
      [1000, "b"],
      [8000, "x"],
    ]);
    expect(seen(scenesOf(meeting, "spotlight", canvas))).toEqual([
      [0, "ab"],
      [1000, "ba"],
      [6000, "a"],
    ]);
    expect(seen(scenesOf(meeting, "single-participant", canvas))).toEqual([
      [0, "a"],
      [1000, "b"],
      [6000, "a"],
    ]);
  });

  it("does not move a grid when someone else speaks", () => {
    const meeting = timeline({ a: [[0, 10_000]], b: [[0, 10_000]] }, [
      [1000, "b"],
      [5000, "a"],
    ]);
    expect(scenesOf(meeting, "grid", canvas)).toHaveLength(1);
  });
});

describe("a shared screen", () => {
  const meeting = timeline(
    {
      a: [[0, 10_000]],
      b: [[0, 10_000]],
      "a/screen": [[2000, 6000]],
      "b/screen": [[4000, 8000]],
    },
    [[3000, "b"]],
  );
  const people = (layout: "grid" | "spotlight" | "single-participant") =>
    scenesOf(meeting, layout, canvas).map(({ fromMs, tiles }) => [
      fromMs,
      tiles.map(({ participant }) => participant).join(" "),
    ]);

  it("is large with the people in a column, the newest of several; people keep their order in a grid", () => {
    expect(people("grid")).toEqual([
      [0, "a b"],
      [2000, "a/screen a b"],
      [4000, "b/screen a b"],
      [8000, "a b"],
    ]);
    expect(people("spotlight")).toEqual([
      [0, "a b"],
      [2000, "a/screen a b"],
      [3000, "a/screen b a"],
      [4000, "b/screen b a"],
      [8000, "b a"],
    ]);
    const [, shared] = scenesOf(meeting, "grid", canvas);
    const [large, ...column] = shared?.tiles.map(({ rect }) => rect) ?? [];
    for (const { width } of column) expect(width).toBeLessThan((large?.width ?? 0) / 2);
  });

  it("is alone where only one is shown", () => {
    expect(people("single-participant")).toEqual([
      [0, "a"],
      [2000, "a/screen"],
      [4000, "b/screen"],
      [8000, "b"],
    ]);
  });

  it("that is only heard takes no place", () => {
    const seenToo = timeline({ a: [[0, 10_000]], "a/screen": [[2000, 6000]] });
    const participants = seenToo.participants.map((one) => ({ ...one, tracks: [] }));
    expect(scenesOf({ ...seenToo, participants }, "grid", canvas)).toHaveLength(1);
  });
});

describe("SceneWalk", () => {
  it("gives the scene of each time", () => {
    const walk = new SceneWalk(scenesOf(timeline({ a: [[4000, 6000]] }), "grid", canvas));
    expect([0, 3999, 4000, 9000].map((ms) => walk.at(ms)?.fromMs)).toEqual([0, 0, 4000, 6000]);
  });
});
