import { silentLog } from "../../../src/core/log.ts";
import { CaptureWriter } from "../../../src/media/format/write/captureWriter.ts";
import type { TrackFrame, TrackWriter } from "../../../src/media/format/write/trackWriter.ts";
import { audioPacketMs, type MediaLoop } from "../../../src/synth/media/mediaLoop.ts";
import { nalUnits } from "../../../src/synth/transport/packetizer.ts";
import { ManualClock } from "./captureClock.ts";
import type { CaptureScript, Publication } from "./captureScript.ts";

interface Step {
  atMs: number;
  run(writer: CaptureWriter): void;
}

/** Writes the capture a room would have written, faster than real time. Returns when it started, epoch ms. */
export async function buildCapture(dir: string, script: CaptureScript): Promise<number> {
  const clock = new ManualClock();
  const startedAt = clock.now();
  const deps = { clock, log: silentLog };
  const start = { recordingId: "recording_test", roomId: "room_test", maxDurationMs: 3_600_000 };
  let writer = await CaptureWriter.create(dir, start, deps);
  const steps = script.publications
    .flatMap((one) => stepsOf(one, script))
    .filter((step) => step.atMs <= script.durationMs)
    .sort(byTime);
  const { atMs = Number.POSITIVE_INFINITY, backMs = 0 } = script.outage ?? {};
  const switches = pauseSteps(script);
  let breathedMs = 0;
  let died = false;
  for (const step of [...steps, { atMs: script.durationMs, run: () => undefined }]) {
    if (step.atMs >= atMs && !died) {
      died = true;
      clock.set(startedAt + atMs);
      await writer.suspend();
      clock.set(startedAt + backMs);
      writer = await CaptureWriter.recover(dir, deps);
    }
    while (switches[0] && step.atMs >= switches[0].atMs) {
      clock.set(startedAt + switches[0].atMs);
      await switches.shift()?.run(writer);
    }
    while (breathedMs + 100 <= step.atMs) {
      breathedMs += 100;
      if (startedAt + breathedMs > clock.now()) clock.set(startedAt + breathedMs);
      await new Promise((resolve) => setImmediate(resolve));
    }
    clock.set(startedAt + step.atMs);
    step.run(writer);
  }
  if (script.unsealed) await writer.suspend();
  else await writer.seal("stopped");
  return startedAt;
}

function pauseSteps({ pauses = [] }: CaptureScript) {
  return pauses.flatMap(({ fromMs, toMs }) => [
    { atMs: fromMs, run: (writer: CaptureWriter) => writer.pause() },
    { atMs: toMs, run: (writer: CaptureWriter) => writer.resume() },
  ]);
}

const byTime = (a: Step, b: Step) => a.atMs - b.atMs;

function stepsOf(publication: Publication, script: CaptureScript): Step[] {
  const { participant, name = participant, fromMs, only, toMs, ending = "leave" } = publication;
  const { source = "camera", off = [] } = publication;
  const pictureOn = (video: boolean) => (writer: CaptureWriter) =>
    writer.media(participant, { source, audio: true, video });
  const kinds = (["audio", "video"] as const).filter((kind) => only === undefined || only === kind);
  const tracks = kinds.flatMap((kind) => trackSteps(publication, kind, script));
  const leave = (writer: CaptureWriter) => writer.leave(participant, "left");
  return [
    { atMs: fromMs, run: (writer) => writer.participant(participant, name) },
    ...off.flatMap((one) => [
      { atMs: one.fromMs, run: pictureOn(false) },
      { atMs: one.toMs, run: pictureOn(true) },
    ]),
    ...tracks,
    ...(ending === "leave" ? [{ atMs: toMs, run: leave }] : []),
  ];
}

/** RTP begins anywhere; this one wraps soon. */
const firstRtp = { audio: 4_294_900_000, video: 4_294_000_000 };

function trackSteps(
  publication: Publication,
  kind: "audio" | "video",
  script: CaptureScript,
): Step[] {
  const { fromMs, toMs, participant, source = "camera", media } = publication;
  const clockRate = kind === "audio" ? 48_000 : 90_000;
  const delay = (kind === "audio" ? publication.audioDelayMs : publication.videoDelayMs) ?? 0;
  const pace = 1 + (publication.driftPpm ?? 0) / 1e6;
  const toRtp = (ms: number) =>
    (firstRtp[kind] + Math.round(((ms - fromMs) * pace * clockRate) / 1000)) % 2 ** 32;
  const codec = kind === "audio" ? "opus" : media.spec.codec;
  let open: { track: TrackWriter; firstMs: number; section: number } | undefined;
  const { pauses = [] } = script;
  const sectionAt = (ms: number) => pauses.filter(({ fromMs: from }) => ms >= from).length;
  const paused = (ms: number) => pauses.some((one) => ms >= one.fromMs && ms < one.toMs);
  // What was being sent when the writer died ends there for the capture.
  const { atMs: diesMs = Number.POSITIVE_INFINITY } = script.outage ?? {};
  const dead = (ms: number) => fromMs < diesMs && ms >= diesMs;
  const frames = framesOf(publication, kind).filter(
    ({ atMs }) => atMs < toMs && !dead(atMs + delay) && !paused(atMs + delay),
  );
  const frameSteps = frames.map(({ atMs, frame, level }, index) => ({
    atMs: atMs + delay,
    run: (writer: CaptureWriter) => {
      const section = sectionAt(atMs + delay);
      if (open?.section !== section) {
        // As in a room: video begins with a keyframe.
        if (section > 0 && !frame.key) return;
        const track = writer.track({ participant, source, kind, codec, clockRate, ssrc: 1 });
        track.first(toRtp(atMs));
        open = { track, firstMs: atMs, section };
      }
      const { track, firstMs } = open;
      track.frame({ ...frame, ms: Math.round((atMs - firstMs) * pace) });
      if (level !== undefined && index % 13 === 0)
        writer.level(track.id, publication.steadyLevelDbov ?? level);
    },
  }));
  const reports = reportTimes(publication, kind)
    .filter((ms) => !dead(ms + delay) && !paused(ms + delay))
    .map((ms) => ({
      atMs: ms + delay,
      run: (writer: CaptureWriter) => {
        const ntp =
          writer.startedAt + ms + (publication.clockOffsetMs ?? 0) + (ms - fromMs) * (pace - 1);
        if (open) writer.senderReport(open.track.id, ntp, toRtp(ms));
      },
    }));
  const end = () => open?.track.end("left", { packets: frames.length, lost: 0 });
  const ends = publication.ending !== "abrupt" && !dead(toMs + delay);
  return [...frameSteps, ...reports, ...(ends ? [{ atMs: toMs + delay, run: end }] : [])];
}

function reportTimes(
  { fromMs, toMs, withoutReports }: Publication,
  kind: "audio" | "video",
): number[] {
  if (withoutReports) return [];
  const everyMs = kind === "audio" ? 2500 : 1000;
  const count = Math.max(0, Math.ceil((toMs - fromMs - 100) / everyMs));
  return Array.from({ length: count }, (_, index) => fromMs + 100 + index * everyMs);
}

interface Timed {
  atMs: number;
  frame: Omit<TrackFrame, "ms">;
  level?: number;
}

function framesOf(publication: Publication, kind: "audio" | "video"): Timed[] {
  const { fromMs, toMs, silences = [] } = publication;
  const all = kind === "audio" ? soundOf(publication, fromMs, toMs) : picturesOf(publication);
  return all.filter(
    ({ atMs }) =>
      !silences.some((one) => one.kind === kind && atMs >= one.fromMs && atMs < one.toMs),
  );
}

function soundOf({ media }: Publication, fromMs: number, toMs: number): Timed[] {
  const count = Math.ceil((toMs - fromMs) / audioPacketMs);
  return Array.from({ length: count }, (_, index) => {
    const packet = media.audio[index % media.audio.length];
    const data = packet?.data ?? Buffer.alloc(0);
    return {
      atMs: fromMs + index * audioPacketMs,
      frame: { data, key: true },
      level: packet?.levelDbov ?? -127,
    };
  });
}

function picturesOf(publication: Publication): Timed[] {
  const { fromMs, toMs, media, switches = [] } = publication;
  const parts = [{ atMs: fromMs, media }, ...switches];
  return parts.flatMap(({ atMs, media: part }, index) => {
    const until = parts[index + 1]?.atMs ?? toMs;
    const { fps } = part.spec;
    const count = Math.ceil(((until - atMs) * fps) / 1000);
    return Array.from({ length: count }, (_, frame) => ({
      atMs: atMs + (frame * 1000) / fps,
      frame: pictureFrame(part, frame % part.video.length),
    }));
  });
}

function pictureFrame({ spec, video }: MediaLoop, index: number): Omit<TrackFrame, "ms"> {
  const { data = Buffer.alloc(0), key = false } = video[index] ?? {};
  const size = key ? { width: spec.width, height: spec.height } : {};
  if (spec.codec === "VP8") return { data, key, ...size };
  const units = nalUnits(data);
  return { data: lengthPrefixed(units), key, ...size, ...(key ? avcConfiguration(units) : {}) };
}

function lengthPrefixed(units: Buffer[]): Buffer {
  return Buffer.concat(
    units.flatMap((unit) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(unit.length);
      return [length, unit];
    }),
  );
}

function avcConfiguration(units: Buffer[]): { codecPrivate: Buffer } | object {
  const find = (type: number) => units.find((unit) => ((unit[0] ?? 0) & 0x1f) === type);
  const sps = find(7);
  const pps = find(8);
  if (!sps || !pps) return {};
  const size = (unit: Buffer) => Buffer.of(unit.length >> 8, unit.length & 0xff);
  const head = Buffer.of(1, sps[1] ?? 0, sps[2] ?? 0, sps[3] ?? 0, 0xff, 0xe1);
  return { codecPrivate: Buffer.concat([head, size(sps), sps, Buffer.of(1), size(pps), pps]) };
}
