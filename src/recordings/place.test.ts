import { expect, it } from "vitest";
import { placeOf } from "./place.ts";

const pause = { atMs: 10_000, durationMs: 5_000, startedAt: 1_010_000, endedAt: 1_015_000 };
const stretches = [
  { recordingId: "first", startedAt: 1_000_000, stoppedAt: 1_060_000, pauses: [pause] },
  { recordingId: "second", startedAt: 1_100_000, stoppedAt: 1_160_000, pauses: [] },
];

it.each([
  [1_000_000, { recordingId: "first", ms: 0 }],
  [1_009_000, { recordingId: "first", ms: 9_000 }],
  [1_012_000, { recordingId: "first", ms: 10_000 }],
  [1_020_000, { recordingId: "first", ms: 15_000 }],
  [1_130_000, { recordingId: "second", ms: 30_000 }],
  [999_999, undefined],
  [1_060_000, undefined],
])("finds %d in what was recorded, without its pauses", (at, place) => {
  expect(placeOf(stretches, at)).toEqual(place);
});
