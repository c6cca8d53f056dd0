import { expect, it } from "vitest";
import { parseRoomMessage } from "./roomMessage.ts";

it.each([
  ["no JSON", "hello"],
  ["a number", "1"],
  ["an unknown type", '{"type":"dance"}'],
  ["no people", '{"type":"room","revision":1,"self":"a"}'],
])("%s is ignored", (_, text) => {
  expect(parseRoomMessage(text)).toBeUndefined();
});

it("reads what it knows, and leaves out what it does not", () => {
  const text = JSON.stringify({
    type: "room",
    revision: 3,
    self: "a",
    people: [
      {
        userId: "a",
        name: "Ada",
        role: "owner",
        camera: { slot: null, audio: true },
        screen: { slot: 2, video: true, paused: true },
      },
      7,
    ],
    speaker: null,
    recording: { recordingId: "r", startedAt: 5, paused: true, pausedAt: 8, pausedMs: 2 },
  });
  expect(parseRoomMessage(text)).toEqual({
    type: "room",
    state: {
      revision: 3,
      self: "a",
      people: [
        {
          userId: "a",
          name: "Ada",
          role: undefined,
          camera: { slot: undefined, audio: true, video: false, paused: false },
          screen: { slot: 2, audio: false, video: true, paused: true },
        },
      ],
      speaker: undefined,
      recording: { recordingId: "r", startedAt: 5, paused: true, pausedAt: 8, pausedMs: 2 },
    },
  });
});

it("reads why the connection ends", () => {
  expect(parseRoomMessage('{"type":"end","reason":"shutdown"}')).toEqual({
    type: "end",
    reason: "shutdown",
  });
  expect(parseRoomMessage('{"type":"end"}')).toEqual({ type: "end", reason: "unknown" });
});
