import { describe, expect, it } from "vitest";
import { CaptureDigest } from "../log/captureDigest.ts";
import type { CaptureEvent } from "../log/events.ts";
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
  source?: "camera" | "screen";
  kind?: "audio" | "video";
  fromMs: number;
  /** Media time of the last frame; left out for one that never ended. */
  endMs?: number;
  endedAtMs?: number;
  /** How long before `fromMs` its first packet arrived. */
  waitedMs?: number;
  /** When sent (our clock), how long under way. */
  reports?: { sentMs: number; delayMs: number }[];
  clockOffsetMs?: number;
  /** Nothing came any more. */
  silent?: boolean;
}

function track({ id, participant = "p", kind = "video", fromMs, ...rest }: Track): CaptureEvent[] {
  const clockRate = kind === "video" ? 90_000 : 48_000;
  const { reports = [], source, clockOffsetMs = 0, endMs, endedAtMs, waitedMs } = rest;
  const { silent = false } = rest;
  const opened = { type: "track", t: t0 + fromMs, track: id, participant, kind } as const;
  const codec = kind === "video" ? "VP8" : "opus";
  return [
    { ...opened, ...(source ? { source } : {}), codec, clockRate, ssrc: 1, file: `${id}.webm` },
    {
      ...({ type: "first", t: t0 + fromMs, track: id, rtp: 1000 } as const),
      ...(waitedMs === undefined ? {} : { waitedMs }),
    },
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
            ...{ endMs, reason: silent ? "silence" : "left", packets: 1, lost: 0, bytes: 1 },
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
    expect(audio?.clock.at(970)).toBeCloseTo(1030, 0);
    expect(video?.clock.at(750)).toBeCloseTo(1030, 0);
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
    expect(starts).toEqual([0, 4000]);
    const belongs = timeline.participants[0]?.tracks.map(({ clock }) => Math.round(clock.at(0)));
    expect(belongs).toEqual([10, 4010]);
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
      ...track({ id: "v", fromMs: 0, endMs: 3000, endedAtMs: 8000, silent: true }),
      stop(20_000),
    );
    expect(timeline.participants[0]?.tracks[0]?.endMs).toBe(3100);
  });

  it("has what was waited for until the stop where it arrived", () => {
    const late = track({ id: "v", fromMs: 10_000, endMs: 700, endedAtMs: 10_000, waitedMs: 800 });
    const [participant] = timelineOf(...late, stop(10_000)).participants;
    expect(participant?.tracks[0]).toMatchObject({ startMs: 9200, endMs: 10_000 });
  });

  it.each([-800, Number.NaN, "800 ms"])("takes a wait of %j for none", (waitedMs) => {
    const late = track({ id: "v", fromMs: 5000, endMs: 700, waitedMs: waitedMs as number });
    const [participant] = timelineOf(...late, stop(10_000)).participants;
    expect(participant?.tracks[0]).toMatchObject({ startMs: 5000, endMs: 5800 });
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
    for (const { times } of digest.tracks.values())
      for (const { reports } of times.pieces) expect(reports.length).toBeLessThan(2048);
  });
});

describe("a paused capture", () => {
  const pause = (ms: number): CaptureEvent => ({ type: "pause", t: t0 + ms });
  const resume = (ms: number): CaptureEvent => ({ type: "resume", t: t0 + ms });
  const alive = (ms: number): CaptureEvent => ({ type: "alive", t: t0 + ms, bytes: 1 });
  const recovered = (ms: number): CaptureEvent => ({ type: "captureResume", t: t0 + ms });

  it("has no time of its pauses in any offset", () => {
    const timeline = timelineOf(
      ...track({ id: "a", fromMs: 0, endMs: 3900, reports: [{ sentMs: 1000, delayMs: 20 }] }),
      pause(4000),
      resume(64_000),
      ...track({
        id: "b",
        fromMs: 64_100,
        endMs: 5000,
        reports: [{ sentMs: 65_000, delayMs: 20 }],
      }),
      pause(70_000),
      resume(71_000),
      ...track({ id: "c", participant: "late", fromMs: 72_000, endMs: 1000 }),
      stop(75_000),
    );
    expect(timeline).toMatchObject({ durationMs: 14_000, stoppedAt: t0 + 75_000, gaps: [] });
    expect(timeline.pauses).toEqual([
      { atMs: 4000, durationMs: 60_000, startedAt: t0 + 4000, endedAt: t0 + 64_000 },
      { atMs: 10_000, durationMs: 1000, startedAt: t0 + 70_000, endedAt: t0 + 71_000 },
    ]);
    const [stayed, late] = timeline.participants;
    const placed = stayed?.tracks.map(({ startMs, endMs }) => [startMs, endMs].map(Math.round));
    expect(placed).toEqual([
      [0, 4000],
      [4100, 9220],
    ]);
    expect(stayed?.tracks[1]?.clock.points.map(({ atMs }) => Math.round(atMs))).toEqual([5020]);
    expect(late?.presence).toEqual([{ fromMs: 11_000, toMs: 12_100 }]);
  });

  it("keeps whoever was there before and after present throughout, however long it was", () => {
    const timeline = timelineOf(
      ...track({ id: "a", fromMs: 0, endMs: 4000 }),
      ...[pause(4000), resume(3_604_000)],
      ...track({ id: "b", fromMs: 3_604_500, endMs: 3000 }),
      stop(3_610_000),
    );
    expect(timeline.participants[0]?.presence).toEqual([{ fromMs: 0, toMs: 7600 }]);
  });

  it("keeps a track in the section it was written in, also when its packets seem older", () => {
    const timeline = timelineOf(
      ...[pause(4000), resume(4500)],
      ...track({ id: "a", fromMs: 4510, endMs: 2000, waitedMs: 600 }),
      stop(10_000),
    );
    // It began 590 ms of its media before, which a timeline has no place for.
    expect(timeline.participants[0]?.tracks[0]).toMatchObject({ startMs: 4000, endMs: 6010 });
  });

  it("puts nothing that was sent during a pause on the timeline", () => {
    const timeline = timelineOf(
      ...track({ id: "a", fromMs: 0, endMs: 3990, reports: [{ sentMs: 1000, delayMs: 0 }] }),
      ...[pause(4000), resume(10_000)],
      // Under way for 300 ms when capturing went on.
      ...track({ id: "b", fromMs: 10_010, endMs: 2000, reports: [{ sentMs: 9710, delayMs: 300 }] }),
      ...track({ id: "c", fromMs: 10_010, endMs: 2000, reports: [{ sentMs: 10_900, delayMs: 5 }] }),
      stop(15_000),
    );
    for (const { startMs } of timeline.participants[0]?.tracks.slice(1) ?? [])
      expect(startMs).toBeGreaterThanOrEqual(4000);
    expect(timeline.participants[0]?.tracks[0]?.endMs).toBe(4000);
  });

  it("ends where it was paused when it is sealed or dies in a pause", () => {
    const first = track({ id: "a", fromMs: 0, endMs: 3900 });
    const sealed = timelineOf(...first, pause(4000), alive(8000), stop(9000));
    expect(sealed.durationMs).toBe(4000);
    expect(sealed.pauses).toMatchObject([{ atMs: 4000, durationMs: 5000 }]);
    expect(timelineOf(...first, pause(4000), alive(8000))).toMatchObject({
      ...{ durationMs: 4000, stoppedAt: t0 + 8000, sealed: false },
    });
  });

  it("misses nothing when the writer dies in a pause, and only what was not paused otherwise", () => {
    const first = track({ id: "a", fromMs: 0, endMs: 3900 });
    const second = track({ id: "b", fromMs: 21_000, endMs: 1000 });
    const inPause = [pause(4000), alive(5000), recovered(9000), resume(20_000), ...second];
    expect(timelineOf(...first, ...inPause, stop(24_000)).gaps).toEqual([]);
    const before = [alive(3000), recovered(9000), pause(10_000), resume(20_000), ...second];
    const gaps = timelineOf(...track({ id: "a", fromMs: 0 }), ...before, stop(24_000)).gaps;
    expect(gaps).toMatchObject([{ startMs: 3000, endMs: 11_000 }]);
  });

  it("takes a repeated pause or resume for none", () => {
    const timeline = timelineOf(
      ...[resume(500), pause(1000), pause(2000), resume(3000), resume(4000), stop(5000)],
    );
    expect(timeline).toMatchObject({ durationMs: 3000, pauses: [{ atMs: 1000 }] });
  });
});

describe("a shared screen", () => {
  const named = { type: "participant", t: t0, participant: "p", name: "Ada" } as const;

  it("is an entry of its own beside its user's camera", () => {
    const timeline = timelineOf(
      named,
      ...track({ id: "a", fromMs: 0, endMs: 8000 }),
      ...track({ id: "s", source: "screen", fromMs: 2000, endMs: 3000 }),
      stop(9000),
    );
    expect(timeline.participants).toMatchObject([
      { id: "p", userId: "p", source: "camera", name: "Ada", tracks: [{ participant: "p" }] },
      {
        ...{ id: "p/screen", userId: "p", source: "screen", name: "Ada" },
        presence: [{ fromMs: 2000, toMs: 5100 }],
        tracks: [{ participant: "p/screen" }],
      },
    ]);
  });

  it("is seen until it is taken away, however long nothing moves on it", () => {
    const still = { source: "screen", fromMs: 1000, endMs: 500, endedAtMs: 9000 } as const;
    const presence = (what: Partial<Track>) =>
      timelineOf(...track({ ...still, id: "s", ...what }), stop(12_000)).participants[0]?.presence;
    expect(presence({ source: "screen" })).toEqual([{ fromMs: 1000, toMs: 9000 }]);
    expect(presence({ source: "camera" })).toEqual([{ fromMs: 1000, toMs: 9000 }]);
    const reports = [{ sentMs: 4000, delayMs: 20 }];
    expect(presence({ source: "camera", silent: true, reports })).toEqual([
      { fromMs: 1000, toMs: 5020 },
    ]);
    expect(presence({ source: "camera", silent: true })).toEqual([{ fromMs: 1000, toMs: 1600 }]);
  });

  it("makes nobody the speaker with its sound", () => {
    const level = (name: string): CaptureEvent[] =>
      [0, 250, 500].map((ms) => ({ type: "level", t: t0 + 3000 + ms, track: name, dbov: -10 }));
    const screen = track({ id: "s", kind: "audio", source: "screen", fromMs: 0, endMs: 9000 });
    const voice = track({ id: "v", kind: "audio", fromMs: 0, endMs: 9000 });
    expect(timelineOf(...screen, ...level("s"), stop(9000)).speakers).toEqual([]);
    expect(timelineOf(...voice, ...level("v"), stop(9000)).speakers).toHaveLength(1);
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
