import { expect, it } from "vitest";
import type {
  CapturePlayback,
  PlayableParticipant,
  PlayableTrack,
} from "../../media/format/port.ts";
import { speakersVtt } from "./speakers.ts";
import { trackFileName } from "./trackName.ts";

const playback = (change: Partial<CapturePlayback>): CapturePlayback => ({
  ...{ startedAt: 0, durationMs: 3_700_500, participants: [], tracks: [], speakers: [] },
  ...{ gaps: [], pauses: [], problems: [] },
  ...change,
});
const person = (id: string, name: string): PlayableParticipant => ({
  ...{ id, userId: id, source: "camera", name },
  presence: [{ fromMs: 0, toMs: 3_700_500 }],
  off: [],
});

it("captions every turn with its speaker's name, until the next", () => {
  const vtt = speakersVtt(
    playback({
      participants: [person("a", "Ada <b>& co</b>\n-->"), person("b", "日本")],
      speakers: [
        { atMs: 1250, participantId: "a" },
        { atMs: 3_661_007, participantId: "b" },
      ],
    }),
  );
  const name = "Ada &lt;b&gt;&amp; co&lt;/b&gt; --&gt;";
  expect(vtt.split("\n\n")).toEqual([
    "WEBVTT",
    `00:00:01.250 --> 01:01:01.007\n<v ${name}>${name}`,
    "01:01:01.007 --> 01:01:40.500\n<v 日本>日本\n",
  ]);
});

it("leaves a turn out while its speaker is away, and is empty without turns", () => {
  const presence = [
    { fromMs: 0, toMs: 2000 },
    { fromMs: 5000, toMs: 6000 },
  ];
  const speakers = [{ atMs: 1000, participantId: "a" }];
  const vtt = speakersVtt(
    playback({ participants: [{ ...person("a", "Ada"), presence }], speakers }),
  );
  expect(vtt.match(/-->/g)).toHaveLength(2);
  expect(vtt).toContain("00:00:05.000 --> 00:00:06.000");
  expect(speakersVtt(playback({}))).toBe("WEBVTT\n");
});

it.each([
  ["Ada Lovelace", "Ada Lovelace - sound 12.webm"],
  ["../../etc/passwd\r\nX: y", "etc passwd X y - sound 12.webm"],
  ["日本 🎉", "日本 - sound 12.webm"],
  ['<>:"/\\|?*', "Somebody - sound 12.webm"],
  ["x".repeat(300), `${"x".repeat(80)} - sound 12.webm`],
])("names the file of %j safely", (name, expected) => {
  const participants = [person("a", name)];
  const place = { startMs: 0, endMs: 1, clock: [] };
  const track: PlayableTrack = {
    ...place,
    trackId: "track0012",
    participantId: "a",
    kind: "audio",
    codec: "opus",
  };
  expect(trackFileName(playback({ participants }), track)).toBe(expected);
});
