import { describe, expect, it } from "vitest";
import { problemsOf } from "./probe.ts";

const good = {
  ...{ durationMs: 10_050, expectedDurationMs: 10_000, sizeBytes: 1, container: "mp4" },
  video: { codec: "h264", width: 2, height: 2, frameRate: 30, frames: 300, durationMs: 10_000 },
  audio: { codec: "aac", sampleRate: 48_000, channels: 2, durationMs: 10_000 },
  ...{ avOffsetMs: 0, faststart: true },
};
const expected = { durationMs: 10_000, video: true };

describe("problemsOf", () => {
  it("finds nothing wrong with a good file, nor with sound alone where that was wanted", () => {
    expect(problemsOf(good, expected)).toEqual([]);
    const { video, ...sound } = good;
    expect(video.frames).toBe(300);
    expect(problemsOf(sound, { ...expected, video: false })).toEqual([]);
  });

  it.each([
    [{ durationMs: 9700 }, "lasts 9700 ms instead of 10000 ms"],
    [{ faststart: false }, "the index is not in front"],
    [{ avOffsetMs: -300 }, "video starts -300 ms after audio"],
    [{ video: { ...good.video, durationMs: 9000 } }, "video lasts 9000 ms, audio 10000 ms"],
  ])("says what is wrong with %j", (change, problem) => {
    expect(problemsOf({ ...good, ...change }, expected)).toEqual([problem]);
  });

  it("misses streams that should be there", () => {
    const { video, audio, ...bare } = good;
    expect([video.codec, audio.codec]).toEqual(["h264", "aac"]);
    expect(problemsOf(bare, expected)).toEqual(["no video", "no audio"]);
  });
});
