import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../../../core/clock.ts";
import { describeCapture, sealCapture } from "../describe.ts";
import { TrackTimes } from "../time/trackTimes.ts";
import { sessionsOf } from "../timeline/publishSessions.ts";
import type { TrackDigest } from "./captureDigest.ts";
import type { CaptureEvent } from "./events.ts";

let dir: string;
beforeEach(async () => {
  dir = join(await mkdtemp(join(tmpdir(), "connvo-hostile-")), "capture");
  await mkdir(dir);
});
afterEach(() => rm(join(dir, ".."), { recursive: true, force: true }));

const start: CaptureEvent = {
  ...{ type: "captureStart", t: 1000, version: 2 },
  ...{ recordingId: "r", roomId: "r", maxDurationMs: 3_600_000 },
};

/** Tracks of 3 ms one after another, each with a report. */
function* shortTracks(participant: string, count: number): Generator<CaptureEvent> {
  for (let index = 1; index <= count; index++) {
    const track = `${participant}${index}`;
    const t = 1000 + index * 4;
    const file = `${track}.webm`;
    yield {
      ...{ type: "track", t, track, participant, kind: index % 2 ? "audio" : "video" },
      ...{ codec: index % 2 ? "opus" : "VP8", clockRate: 48_000, ssrc: 1, file },
    };
    yield { type: "first", t, track, rtp: 0 };
    yield { type: "senderReport", t, track, ntp: t, rtp: 0 };
    const counts = { packets: 1, lost: 0, bytes: 200 };
    yield { type: "trackEnd", t: t + 3, track, endMs: 3, reason: "source_changed", ...counts };
  }
}

const write = (events: CaptureEvent[]) =>
  writeFile(
    join(dir, "events.jsonl"),
    [start, ...events].map((event) => `${JSON.stringify(event)}\n`).join(""),
  );

/** How often others had their turn meanwhile. */
async function turnsDuring(work: Promise<unknown>): Promise<number> {
  let turns = 0;
  let over = false;
  const ended = work.finally(() => {
    over = true;
  });
  while (!over) {
    await new Promise((resolve) => setImmediate(resolve));
    turns++;
  }
  await ended;
  return turns;
}

describe("a capture of 30,001 tracks, as a version without limits wrote it,", () => {
  const bob: CaptureEvent[] = [...shortTracks("bob", 2)];

  test("is sealed and described by what is left of everybody's share, and says so", async () => {
    await write([...shortTracks("ann", 29_999), ...bob]);
    expect(await turnsDuring(sealCapture(dir, "stopped", systemClock))).toBeGreaterThan(20);
    const { tracks, problems, sealed } = await describeCapture(dir);
    expect(sealed).toBe(true);
    expect(tracks.filter(({ participantId }) => participantId === "bob")).toHaveLength(2);
    expect(tracks.length).toBeGreaterThan(1000);
    expect(tracks.length).toBeLessThan(2000);
    const left = problems.filter(({ code }) => code === "left_out");
    expect(left.map(({ participantId, kind }) => `${participantId} ${kind}`)).toEqual([
      "ann video",
      "ann audio",
    ]);
    expect(left.reduce((sum, { packets }) => sum + packets, tracks.length)).toBe(30_001);
    expect(left[0]?.message).toMatch(/connections were left out/);
  });

  test("is described in slices that let others have their turn", async () => {
    await write([...shortTracks("ann", 10_000), ...bob]);
    await describeCapture(dir);
    expect(await turnsDuring(describeCapture(dir))).toBeGreaterThan(3);
  });
});

test("a line without end is skipped", async () => {
  const long = "x".repeat(1 << 20);
  await writeFile(
    join(dir, "events.jsonl"),
    `${JSON.stringify(start)}\n${long}\n${JSON.stringify({ type: "alive", t: 5000, bytes: 1 })}\n`,
  );
  await sealCapture(dir, "stopped", systemClock);
  expect(await describeCapture(dir)).toMatchObject({ stoppedAt: 5000, stopReason: "stopped" });
});

/** Of tracks that all overlap, no two of which have the same clock. */
function strangers(count: number): { tracks: TrackDigest[]; looks: () => number } {
  let looks = 0;
  const tracks = Array.from({ length: count }, (_, index): TrackDigest => {
    const times = new TrackTimes(48_000);
    times.first(0, 1000);
    times.report(0, index * 10_000, 1000 + index);
    const { senderClock } = times;
    const offsetAt = senderClock.offsetAt.bind(senderClock);
    senderClock.offsetAt = (ms) => {
      looks++;
      return offsetAt(ms);
    };
    return {
      ...{ id: `t${index}`, participant: "ann", source: "camera", kind: "audio", codec: "opus" },
      ...{ clockRate: 48_000, file: "t.webm", firstAt: 1000, openedAt: 1000, attendedAt: 1000 },
      ...{ firstFrameAt: 1000, endedAt: undefined, endReason: undefined, endMs: undefined },
      ...{ orphanedAt: undefined, counted: undefined, times },
    };
  });
  return { tracks, looks: () => looks };
}

test("who was sent together is found out in a time that grows with the tracks, not with their pairs", () => {
  const work = [1000, 4000].map((count) => {
    const { tracks, looks } = strangers(count);
    sessionsOf(tracks);
    return looks();
  });
  expect(work[1]).toBeLessThan(5 * (work[0] ?? 0));
});
