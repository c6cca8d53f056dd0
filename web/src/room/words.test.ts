import { describe, expect, it } from "vitest";
import { initialsOf } from "../words/initials.ts";
import { type Announced, announcements } from "./announcements.ts";
import { presenceWords } from "./lobby/Presence.tsx";
import type { RoomRecording } from "./media/roomMessage.ts";
import type { PersonView } from "./media/roomView.ts";
import {
  agoWords,
  type RecordingView,
  recordedMs,
  recordingView,
} from "./recording/recordingView.ts";
import { columnsFor, stageOf } from "./stage/tiles.ts";

function person(name: string, changes: Partial<PersonView> = {}): PersonView {
  const base = { userId: name, name, role: undefined, isSelf: false };
  return { ...base, camera: undefined, screen: undefined, ...changes };
}

const publication = { audio: true, video: true, paused: false, received: undefined, slot: 0 };

describe("who is there", () => {
  it.each([
    [[], "Nobody else is here yet."],
    [["Ada"], "Ada is here."],
    [["Ada", "Grace"], "Ada and Grace are here."],
    [["Ada", "Grace", "Joan"], "Ada, Grace and Joan are here."],
    [["Ada", "Grace", "Joan", "Mary"], "Ada, Grace, Joan and 1 other are here."],
    [["Ada", "Grace", "Joan", "Mary", "Hedy"], "Ada, Grace, Joan and 2 others are here."],
  ])("%j", (names, words) => {
    expect(presenceWords(names)).toBe(words);
  });
});

it.each([
  ["Ada Lovelace", "AL"],
  ["  grace ", "G"],
  ["Ana de la Cruz", "AC"],
  ["李 明", "李明"],
  ["Ada Lovelace 🎈", "AL"],
  ["", "?"],
])("initials of %j are %j", (name, initials) => {
  expect(initialsOf(name)).toBe(initials);
});

describe("times", () => {
  it.each([
    [-1000, "less than a minute ago"],
    [60_000, "1 minute ago"],
    [7_200_000, "2 hours ago"],
  ])("%i ms ago is %s", (ms, words) => {
    expect(agoWords(0, ms)).toBe(words);
  });
});

describe("the stage", () => {
  it("has others before oneself, and screens apart", () => {
    const people = [
      person("Me", { isSelf: true, camera: publication }),
      person("Ada", { camera: publication, screen: publication }),
      person("Watcher", { role: "observer" }),
      person("Listener"),
    ];
    const { screens, cameras } = stageOf({ people, speaker: "Ada" });
    expect(screens.map(({ name }) => name)).toEqual(["Ada's screen"]);
    expect(cameras.map(({ name }) => name)).toEqual(["Ada", "Listener", "Me (you)"]);
    expect(cameras.map(({ speaking }) => speaking)).toEqual([true, false, false]);
  });

  it("has room for everybody", () => {
    expect([1, 2, 4, 5, 9, 10].map(columnsFor)).toEqual([1, 2, 2, 3, 3, 4]);
  });
});

describe("the recording", () => {
  const meeting = {
    recording: {
      recordingId: "r",
      startedAt: 1000,
      startedBy: "ada",
      startedByName: "Ada",
      state: "recording",
    },
  } as const;
  const inRoom: RoomRecording = {
    ...{ recordingId: "r", startedAt: 1500, paused: false, pausedAt: undefined, pausedMs: 0 },
  };

  it("counts what is recorded: no pause, neither one that is over nor one that lasts", () => {
    const recorded = (room: RoomRecording, now: number) =>
      recordedMs(recordingView({}, [], room) as RecordingView, now);
    expect(recorded(inRoom, 4500)).toBe(3000);
    expect(recorded({ ...inRoom, pausedMs: 1000 }, 4500)).toBe(2000);
    const paused = { ...inRoom, paused: true, pausedAt: 3500, pausedMs: 500 };
    expect(recorded(paused, 99_000)).toBe(1500);
  });

  it("is who the server says it is, and paused when the room says so", () => {
    const room = { ...inRoom, paused: true, pausedAt: 9000, pausedMs: 2000 };
    expect(recordingView(meeting, [], room)).toEqual({
      recordingId: "r",
      state: "paused",
      startedAt: 1500,
      pausedAt: 9000,
      pausedMs: 2000,
      by: "Ada",
      transcribed: false,
    });
  });

  it("is written down where the server says so", () => {
    const { transcribed } = recordingView({ ...meeting, transcription: true }, [], inRoom) ?? {};
    expect(transcribed).toBe(true);
  });

  it("is there by either word", () => {
    expect(recordingView({}, [], inRoom)).toMatchObject({ state: "recording", by: undefined });
    expect(recordingView(meeting, [], undefined)).toMatchObject({ state: "recording", by: "Ada" });
    expect(recordingView({}, [], undefined)).toBeUndefined();
  });

  it("that is being stopped is no longer running", () => {
    const stopping = { recording: { ...meeting.recording, state: "stopping" as const } };
    expect(recordingView(stopping, [], inRoom)?.state).toBe("stopping");
  });
});

describe("what is announced", () => {
  const running: RecordingView = {
    ...{ recordingId: "r", state: "recording", startedAt: 0, by: "Ada" },
    ...{ pausedAt: undefined, pausedMs: 0, transcribed: false },
  };
  const written = { ...running, transcribed: true };
  const state = (names: string[], recording?: RecordingView): Announced => ({
    people: [person("Me", { isSelf: true }), ...names.map((name) => person(name))],
    recording,
  });

  it.each<[string, Announced, Announced, string[]]>([
    ["nothing", state(["Ada"]), state(["Ada"]), []],
    ["somebody comes", state([]), state(["Ada"]), ["Ada joined."]],
    ["somebody goes", state(["Ada", "Grace"]), state(["Grace"]), ["Ada left."]],
    [
      "a recording begins",
      state([]),
      state([], running),
      ["This meeting is being recorded, started by Ada."],
    ],
    [
      "a recording begins that is written down",
      state([]),
      state([], written),
      ["This meeting is being recorded and written down, started by Ada."],
    ],
    [
      "it is written down no more",
      state([], written),
      state([], running),
      ["What is said is no longer written down."],
    ],
    [
      "it is written down from now on",
      state([], running),
      state([], written),
      ["What is said is now written down."],
    ],
    [
      "it pauses",
      state([], running),
      state([], { ...running, state: "paused" }),
      ["The recording is paused."],
    ],
    [
      "it goes on",
      state([], { ...running, state: "paused" }),
      state([], running),
      ["The recording goes on."],
    ],
    ["it ends", state([], running), state([]), ["The recording has ended."]],
  ])("when %s", (_, before, after, words) => {
    expect(announcements(before, after)).toEqual(words);
  });
});
