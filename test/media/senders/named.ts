import { type Changes, plainSender, plainSession } from "./plain.ts";
import type { NumberScript, PauseScript, SessionScript, Span, WrongReports } from "./script.ts";

/** Audio pauses as a browser makes them: RTP time does not tell of them. */
function mute(lengthMs: number, over: Partial<PauseScript> = {}): Changes {
  const fromMs = 4000;
  const pause = { fromMs, toMs: fromMs + lengthMs, timeGoesOn: false, reports: true, bye: false };
  return { lengthMs: 9000 + lengthMs, audio: { pauses: [{ ...pause, ...over }] } };
}

function jump(byMs: number, kinds: "audio" | "video" | "both"): Changes {
  const jumps = [{ atMs: 5000, byMs }];
  return {
    ...(kinds === "video" ? {} : { audio: { jumps } }),
    ...(kinds === "audio" ? {} : { video: { jumps } }),
  };
}

const others = (ssrc: number): NumberScript => ({ ssrc, sequence: 1000, timestamp: 4e9, ppm: 0 });

/** The sender's numbers all change at 5 s, after `gapMs` of nothing. */
function newSource(gapMs: number): Changes {
  const fromMs = 5000;
  const toMs = fromMs + gapMs;
  const pause = { fromMs, toMs, timeGoesOn: true, reports: false, bye: false };
  const pauses = gapMs > 0 ? [pause] : [];
  return {
    audio: { pauses, sources: [{ atMs: toMs, numbers: others(7001) }] },
    video: { pauses, sources: [{ atMs: toMs, numbers: others(7002) }] },
  };
}

const h264 = { codec: "H264" } as const;
const smaller = { atMs: 0, width: 192, height: 108 };
const larger = { atMs: 5000, width: 256, height: 144 };
const cameraOff = { fromMs: 4000, toMs: 7500, timeGoesOn: true, reports: true, bye: false };

function wrong(
  kinds: "audio" | "video" | "both",
  of: WrongReports["of"],
  byMs: number,
  { fromMs = 0, toMs = 60_000 }: Partial<Span> = {},
): Changes {
  const all = (["audio", "video"] as const).filter((kind) => kinds === "both" || kinds === kind);
  return { reports: { wrong: all.map((kind) => ({ kind, of, byMs, fromMs, toMs })) } };
}

const changes: Record<string, Changes> = {
  "nothing goes wrong, VP8": {},
  "nothing goes wrong, H.264": { video: h264 },
  "a mute of 8 s without a gap in RTP": mute(8000),
  "a mute of 1.5 s without a gap in RTP": mute(1500),
  "a mute of 0.2 s without a gap in RTP": mute(200),
  "several mutes without a gap in RTP": {
    lengthMs: 15_000,
    audio: {
      pauses: [3000, 6000, 9000].map((fromMs, index) => ({
        ...{ fromMs, toMs: fromMs + 400 + 800 * index, timeGoesOn: false, reports: true },
        bye: false,
      })),
    },
  },
  "a microphone away for 5 s": mute(5000, { reports: false }),
  "a mute of 5 s with a gap in RTP and a BYE": mute(5000, { timeGoesOn: true, bye: true }),
  "RTP of sound jumps by +3 s": jump(3000, "audio"),
  "RTP of sound jumps by -5 s": jump(-5000, "audio"),
  "RTP of sound jumps by +30 s": jump(30_000, "audio"),
  "RTP of pictures jumps by +3 s": jump(3000, "video"),
  "RTP of pictures jumps by -5 s": jump(-5000, "video"),
  "RTP of pictures jumps by +30 s": jump(30_000, "video"),
  "RTP of both jumps by +3 s": jump(3000, "both"),
  "RTP of both jumps by -5 s": jump(-5000, "both"),
  "RTP of both jumps by +30 s": jump(30_000, "both"),
  "a stall of 3 s is no pause": { network: { stalls: [{ fromMs: 4000, toMs: 7000 }] } },
  "a stall of 0.4 s that is made up for at twice the pace": {
    network: { stalls: [{ fromMs: 5000, toMs: 5400, pace: 2 }] },
  },
  "a stall of 0.4 s that is made up for at 1.2 times the pace": {
    network: { stalls: [{ fromMs: 5000, toMs: 5400, pace: 1.2 }] },
  },
  "a stall of 0.4 s, and one of 0.2 s while it is made up for": {
    network: {
      stalls: [
        { fromMs: 5000, toMs: 5400, pace: 1.5 },
        { fromMs: 5600, toMs: 5800, pace: 1.5 },
      ],
    },
  },
  "a stall of 3 s without reports": {
    ...{ reports: null, network: { stalls: [{ fromMs: 4000, toMs: 7000 }] } },
  },
  "the server's clock is set back by 20 s": { wallSteps: [{ atMs: 5000, byMs: -20_000 }] },
  "the server's clock is set back by 2 s": { wallSteps: [{ atMs: 5000, byMs: -2000 }] },
  "the server's clock is set ahead by 60 s": { wallSteps: [{ atMs: 5000, byMs: 60_000 }] },
  "other sources at once": newSource(0),
  "other sources after 0.8 s": newSource(800),
  "a picture every 5 s": {
    lengthMs: 18_000,
    video: { stills: [{ fromMs: 2000, toMs: 18_000, everyMs: 5000 }] },
  },
  "a camera off for 3.5 s": { video: { pauses: [cameraOff] } },
  "a key frame every 10 s, requests ignored": {
    recording: { fromMs: 3000 },
    video: { ...h264, keyframeEveryMs: 10_000, answersAfterMs: undefined },
  },
  "3 % loss that is asked for again": { network: { loss: 0.03 } },
  "3 % loss without NACK": {
    network: { loss: 0.03 },
    audio: { nack: false },
    video: { nack: false },
  },
  "pictures without parameter sets": { video: { ...h264, parameterSets: "none" } },
  "parameter sets with a marker, then another size": {
    video: { ...h264, parameterSets: "marked", sizes: [smaller, larger] },
  },
  "another size, VP8": { video: { sizes: [smaller, larger] } },
  "a recording that is paused": { recording: { pauses: [{ fromMs: 5000, toMs: 7000 }] } },
  "no reports": { reports: null },
  "reports that come late": { reports: { firstMs: 6500 } },
  "reports of sound that name a clock 3 s ahead": wrong("audio", "clock", 3000),
  "reports of sound that name media of 3 s later": wrong("audio", "media", 3000),
  "reports of sound that name media of 3 s earlier": wrong("audio", "media", -3000),
  "reports of pictures that name media of 3 s earlier": wrong("video", "media", -3000),
  "reports of pictures that are off by 2.5 s from 5 s on": wrong("video", "media", 2500, {
    fromMs: 5000,
  }),
  "reports of both that are off by 4 s from 5 s on": wrong("both", "clock", 4000, { fromMs: 5000 }),
  "one absurd report": wrong("both", "clock", 3.6e6, { fromMs: 5000, toMs: 5500 }),
  "a clock years off that runs fast": { clock: { offsetMs: -2e11, ppm: 800 } },
  "a sound card that runs slow": {
    audio: { numbers: { ssrc: 1001, sequence: 100, timestamp: 10_000, ppm: -900 } },
  },
  "numbers that wrap": {
    audio: { numbers: { ssrc: 1001, sequence: 65_400, timestamp: 2 ** 32 - 96_000, ppm: 0 } },
    video: { numbers: { ssrc: 2001, sequence: 65_500, timestamp: 2 ** 32 - 400_000, ppm: 0 } },
  },
  "jitter, reordering and duplicates": {
    network: { delayMs: 60, jitterMs: 70, reorders: true, duplicates: 0.03 },
  },
  "sound that is not sent while it is silent": { audio: { dtx: true } },
};

/** One session for each fault, so that a failure speaks; numbered from 1 on. */
export const namedSessions: readonly SessionScript[] = [
  ...Object.entries(changes).map(([name, change]) => plainSession(name, change)),
  {
    ...plainSession("two senders with clocks of their own"),
    senders: [
      plainSender(0, { clock: { offsetMs: 123_456, ppm: 0 }, network: { delayMs: 100 } }),
      plainSender(1, { clock: { offsetMs: -9876, ppm: 200 }, video: h264 }),
    ],
  },
].map((script, index) => ({ ...script, seed: index + 1 }));
