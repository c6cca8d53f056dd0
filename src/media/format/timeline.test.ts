import { describe, expect, it } from "vitest";
import { CaptureDigest } from "./captureDigest.ts";
import type { CaptureEvent } from "./events.ts";
import { buildTimeline, mergeIntervals } from "./timeline.ts";

const t0 = 1_700_000_000_000;
const start: CaptureEvent = {
  ...{ type: "captureStart", t: t0, version: 1 },
  ...{ recordingId: "recording_1", roomId: "room", maxDurationMs: 1 },
};
const stop = (ms: number): CaptureEvent => ({ type: "captureStop", t: t0 + ms, reason: "stopped" });

interface Track {
  id: string;
  participant?: string;
  kind?: "audio" | "video";
  fromMs: number;
  /** Media time of the last frame; left out for one that never ended. */
  endMs?: number;
  endedAtMs?: number;
  /** When sent (our clock), how long under way. */
  reports?: { sentMs: number; delayMs: number }[];
  clockOffsetMs?: number;
}

function track({ id, participant = "p", kind = "video", fromMs, ...rest }: Track): CaptureEvent[] {
  const clockRate = kind === "video" ? 90_000 : 48_000;
  const { reports = [], clockOffsetMs = 0, endMs, endedAtMs } = rest;
  const opened = { type: "track", t: t0 + fromMs, track: id, participant, kind } as const;
  const codec = kind === "video" ? "VP8" : "opus";
  return [
    { ...opened, codec, clockRate, ssrc: 1, file: `${id}.webm` },
    { type: "first", t: t0 + fromMs, track: id, rtp: 1000 },
    ...reports.map(({ sentMs, delayMs }) => ({
      ...({ type: "senderReport", t: t0 + sentMs + delayMs, track: id } as const),
      ntp: t0 + sentMs + clockOffsetMs,
      rtp: 1000 + ((sentMs - fromMs) * clockRate) / 1000,
    })),
    ...(endMs === undefined
      ? []
      : [
          {
            ...({ type: "trackEnd", t: t0 + (endedAtMs ?? fromMs + endMs), track: id } as const),
            ...{ endMs, reason: "left", packets: 1, lost: 0, bytes: 1 },
          },
        ]),
  ];
}

function timelineOf(...events: CaptureEvent[]) {
  const digest = new CaptureDigest();
  for (const event of [start, ...events]) digest.add(event);
  return buildTimeline(digest, "/capture");
}

describe("buildTimeline", () => {
  it("lasts from the capture's start to its stop, whoever was there", () => {
    expect(timelineOf(stop(12_345))).toMatchObject({ durationMs: 12_345, sealed: true });
    const one = timelineOf(...track({ id: "v", fromMs: 5000, endMs: 1000 }), stop(20_000));
    expect(one.durationMs).toBe(20_000);
    expect(one.participants[0]?.presence).toEqual([{ fromMs: 5000, toMs: 6100 }]);
  });

  it("ends an unsealed capture at the last sign of life", () => {
    const timeline = timelineOf({ type: "alive", t: t0 + 7000, bytes: 0 });
    expect(timeline).toMatchObject({ durationMs: 7000, sealed: false, stopReason: undefined });
  });

  it("puts sound and picture of a sender with a wrong clock on one time", () => {
    const sender = { participant: "p", clockOffsetMs: -86_400_000 };
    const timeline = timelineOf(
      ...track({
        id: "a",
        kind: "audio",
        fromMs: 30,
        endMs: 9000,
        reports: [{ sentMs: 1000, delayMs: 30 }],
        ...sender,
      }),
      ...track({
        id: "v",
        kind: "video",
        fromMs: 250,
        endMs: 9000,
        reports: [{ sentMs: 1000, delayMs: 200 }],
        ...sender,
      }),
      stop(10_000),
    );
    const [audio, video] = timeline.participants[0]?.tracks ?? [];
    // Reported 250 and 30 ms after the first packet was sent; arrival would have said otherwise.
    expect(audio?.clock.at(970)).toBeCloseTo(1030, 5);
    expect(video?.clock.at(750)).toBeCloseTo(1030, 5);
  });

  it("keeps the clocks of a second visit apart from the first", () => {
    const timeline = timelineOf(
      ...track({
        id: "a",
        fromMs: 0,
        endMs: 2000,
        clockOffsetMs: 600,
        reports: [{ sentMs: 500, delayMs: 10 }],
      }),
      ...track({
        id: "b",
        fromMs: 4000,
        endMs: 2000,
        clockOffsetMs: 0,
        reports: [{ sentMs: 4500, delayMs: 10 }],
      }),
      stop(10_000),
    );
    const starts = timeline.participants[0]?.tracks.map(({ startMs }) => Math.round(startMs));
    expect(starts).toEqual([10, 4010]);
  });

  it("keeps someone in place over a short reconnect and not over a long absence", () => {
    const visits = (backMs: number) =>
      timelineOf(
        ...track({ id: "a", fromMs: 0, endMs: 2000 }),
        ...track({ id: "b", fromMs: backMs, endMs: 2000 }),
        stop(20_000),
      ).participants[0]?.presence.length;
    expect(visits(4000)).toBe(1);
    expect(visits(8000)).toBe(2);
  });

  it("ends an abrupt leaver's track at its last frame, not when it was noticed", () => {
    const timeline = timelineOf(
      ...track({ id: "v", fromMs: 0, endMs: 3000, endedAtMs: 8000 }),
      stop(20_000),
    );
    expect(timeline.participants[0]?.tracks[0]?.endMs).toBe(3100);
  });

  it("leaves out tracks without any frame", () => {
    const unended = track({ id: "v", fromMs: 100 });
    expect(timelineOf(...unended, stop(5000)).participants).toEqual([]);
    const empty = track({ id: "v", fromMs: 100, endMs: 0 }).map((event) =>
      event.type === "trackEnd" ? { ...event, bytes: 0 } : event,
    );
    expect(timelineOf(...empty, stop(5000)).participants).toEqual([]);
  });

  it("lists the time the recorder was down, until media is back if anyone was publishing", () => {
    const before = { type: "alive", t: t0 + 3000, bytes: 1 } as const;
    const resume = { type: "captureResume", t: t0 + 4000 } as const;
    const idle = timelineOf(before, resume, stop(9000));
    const deserted = timelineOf(...track({ id: "v", fromMs: 0 }), before, resume, stop(9000));
    expect(deserted.gaps).toMatchObject([{ startMs: 3000, endMs: 9000 }]);
    expect(idle.gaps).toEqual([{ startMs: 3000, endMs: 4000, reason: "recorder_restarted" }]);
    const busy = timelineOf(
      ...track({ id: "v", fromMs: 0 }),
      before,
      resume,
      ...track({ id: "w", fromMs: 6000, endMs: 1000 }),
      stop(9000),
    );
    expect(busy.gaps).toEqual([{ startMs: 3000, endMs: 6000, reason: "recorder_restarted" }]);
    const lost = timelineOf(...track({ id: "v", fromMs: 0 }), before, resume, stop(9000));
    expect(lost.gaps).toEqual([{ startMs: 3000, endMs: 9000, reason: "recorder_restarted" }]);
  });

  it("orders participants by appearance and takes their last name", () => {
    const name = (participant: string, name: string) =>
      ({ type: "participant", t: t0, participant, name }) as const;
    const timeline = timelineOf(
      ...[name("late", "Late"), name("early", "Erly"), name("early", "Early")],
      ...track({ id: "a", participant: "late", fromMs: 5000, endMs: 1000 }),
      ...track({ id: "b", participant: "early", fromMs: 1000, endMs: 1000 }),
      stop(9000),
    );
    expect(timeline.participants.map(({ name }) => name)).toEqual(["Early", "Late"]);
  });

  it("holds an hour with eight people in bounded memory", () => {
    const digest = new CaptureDigest();
    digest.add(start);
    for (let person = 0; person < 8; person++)
      for (const event of track({
        id: `t${person}`,
        participant: `p${person}`,
        kind: "audio",
        fromMs: person,
      }))
        digest.add(event);
    for (let ms = 0; ms < 3_600_000; ms += 250)
      for (let person = 0; person < 8; person++) {
        const speaking = Math.floor(ms / 20_000) % 8 === person;
        digest.add({ type: "level", t: t0 + ms, track: `t${person}`, dbov: speaking ? -20 : -90 });
        const rtp = (1000 + ms * 48) % 2 ** 32;
        digest.add({ type: "senderReport", t: t0 + ms, track: `t${person}`, ntp: t0 + ms, rtp });
      }
    expect(digest.speakers).toHaveLength(180);
    for (const { reports } of digest.tracks.values())
      expect(reports.points(48_000).length).toBeLessThan(2048);
  });
});

describe("mergeIntervals", () => {
  it("joins what overlaps or is near, whatever the order", () => {
    const tracks = [
      { startMs: 900, endMs: 1000 },
      { startMs: 0, endMs: 500 },
      { startMs: 400, endMs: 600 },
    ];
    expect(mergeIntervals(tracks, 100)).toEqual([
      { fromMs: 0, toMs: 600 },
      { fromMs: 900, toMs: 1000 },
    ]);
    expect(mergeIntervals(tracks, 300)).toEqual([{ fromMs: 0, toMs: 1000 }]);
  });
});
