import { describe, expect, it } from "vitest";
import { Scenes } from "./scene.ts";
import type { Playback } from "./sources/playback.ts";
import { missingWords, statusWords } from "./words.ts";

const person = (id: string, fromMs = 0, toMs = 60_000) => ({
  ...{ id, userId: id, source: "camera" as const, name: id.toUpperCase() },
  presence: [{ fromMs, toMs }],
  off: [] as { fromMs: number; toMs: number }[],
});

const picture = (participantId: string) =>
  ({ participantId, kind: "video" }) as Playback["tracks"][number];

const playback = (change: Partial<Playback>): Playback =>
  ({
    ...{
      durationMs: 60_000,
      layout: "grid",
      audioOnly: false,
      participants: [],
      tracks: [],
      speakers: [],
      gaps: [],
      problems: [],
    },
    ...change,
  }) as Playback;

describe("a scene", () => {
  const speakers = [
    { atMs: 1000, participantId: "b" },
    { atMs: 5000, participantId: "a" },
  ];
  const participants = [person("a"), person("b"), person("c", 10_000, 20_000)];

  const tilesOf = (change: Partial<Playback>, ms: number) =>
    new Scenes(playback({ participants, speakers, ...change }))
      .at(ms)
      .tiles.map((tile) => tile.participant);

  it("has a tile for everyone who is there, in the order of appearance", () => {
    expect(tilesOf({}, 0)).toEqual(["a", "b"]);
    expect(tilesOf({}, 15_000)).toEqual(["a", "b", "c"]);
    expect(tilesOf({}, 20_000)).toEqual(["a", "b"]);
  });

  it("has initials while somebody's camera is off", () => {
    const off = [{ fromMs: 1000, toMs: 3000 }];
    const scenes = new Scenes(playback({ participants: [{ ...person("a"), off }] }));
    expect([500, 1000, 2999, 3000].map((ms) => scenes.at(ms).tiles[0]?.off)).toEqual([
      ...[false, true, true, false],
    ]);
  });

  it("stays at the end as it was last", () => {
    expect(tilesOf({}, 60_000)).toEqual(["a", "b"]);
  });

  it("has the names, and who speaks while they are there", () => {
    const scenes = new Scenes(playback({ participants, speakers }));
    expect(scenes.at(500).speaker).toBeUndefined();
    expect(scenes.at(1000).speaker).toBe("B");
    expect(scenes.at(6000).speaker).toBe("A");
    expect(scenes.at(1000).tiles).toMatchObject([
      { name: "A", speaking: false },
      { name: "B", speaking: true },
    ]);
    const gone = new Scenes(playback({ participants: [person("a", 0, 2000)], speakers }));
    expect(gone.at(6000).speaker).toBeUndefined();
  });

  it("shows the speaker large in spotlight, and alone as single participant", () => {
    expect(tilesOf({ layout: "spotlight" }, 2000)).toEqual(["b", "a"]);
    expect(tilesOf({ layout: "single-participant" }, 2000)).toEqual(["b"]);
  });

  describe("with shared screens", () => {
    const screen = (id: string, fromMs: number, toMs: number) => ({
      ...person(`${id}/screen`, fromMs, toMs),
      source: "screen" as const,
    });
    const shared = {
      participants: [...participants, screen("a", 3000, 9000), screen("b", 5000, 8000)],
      tracks: ["a/screen", "b/screen"].map(picture),
    };

    it.each([
      ["grid", ["b/screen", "a", "b"]],
      ["spotlight", ["b/screen", "a", "b"]],
      ["single-participant", ["b/screen"]],
    ] as const)("shows the one shared last large in %s, people beside it", (layout, ids) => {
      expect(tilesOf({ ...shared, layout }, 6000)).toEqual(ids);
    });

    it("has the speaker first beside it in spotlight", () => {
      expect(tilesOf({ ...shared, layout: "spotlight" }, 4000)).toEqual(["a/screen", "b", "a"]);
    });

    it("has no tile for one that is only heard", () => {
      expect(tilesOf({ ...shared, tracks: [] }, 6000)).toEqual(["a", "b"]);
    });
  });
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
  const ada = { participantId: "a", participantName: "Ada", packets: 4000, lost: 12 };
  const problems = [
    {
      ...ada,
      code: "not_stored",
      source: "camera",
      kind: "video",
      receivedMs: 20_000,
      storedMs: 0,
    },
    {
      ...ada,
      code: "partly_stored",
      source: "screen",
      kind: "video",
      receivedMs: 9000,
      storedMs: 5000,
    },
  ].map((one) => ({ ...one, message: "" })) as Playback["problems"];
  expect(missingWords(playback({ problems }))).toBe(
    "Ada’s picture arrived, but could not be recorded. 4 s of Ada’s screen could not be recorded.",
  );
});
