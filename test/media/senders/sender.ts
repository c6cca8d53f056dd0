import { DtxFilter } from "../../../src/synth/media/dtxFilter.ts";
import { audioPacketMs } from "../../../src/synth/media/mediaLoop.ts";
import { packetizeH264, packetizeVp8 } from "../../../src/synth/transport/packetizer.ts";
import { audioLevelByte } from "../../../src/synth/transport/rtp.ts";
import { Camera, cameraFps, pictureMs } from "./camera.ts";
import { soundOf } from "./content.ts";
import { readAsked } from "./feedback.ts";
import { Network } from "./network.ts";
import type { Random } from "./random.ts";
import type { PauseScript, SenderScript, VideoScript, WrongReports } from "./script.ts";
import { type Outgoing, type SentPacket, TrackSource } from "./trackSource.ts";
import { type VirtualTime, wallZero } from "./virtualTime.ts";

/** 20 ms of sound, captured at `capturedMs`. */
export interface SentSound {
  capturedMs: number;
  packet: SentPacket;
}

export interface SentPicture {
  counter: number;
  capturedMs: number;
  key: boolean;
  packets: SentPacket[];
}

export interface SenderParts {
  script: SenderScript;
  lengthMs: number;
  time: VirtualTime;
  random: Random;
  /** Hands a packet of a kind to the server. */
  deliver: (kind: "audio" | "video", packet: Buffer) => void;
}

export const payloadTypes = { opus: 111, VP8: 96, H264: 102 } as const;

/** One participant: captures, sends as the script says, and answers what the server asks. Keeps what was sent. */
export class Sender {
  readonly sounds: SentSound[] = [];
  readonly pictures: SentPicture[] = [];
  readonly script: SenderScript;
  #parts: SenderParts;
  #network: Network;
  #audio: TrackSource;
  #video: TrackSource;
  #camera: Camera;
  #dtx = new DtxFilter();
  #keyAtMs = 0;
  #lastKeyMs = Number.NEGATIVE_INFINITY;
  #pictureId = 0;

  constructor(parts: SenderParts) {
    const { script, time, random } = parts;
    this.script = script;
    this.#parts = parts;
    this.#network = new Network(script.network, time, random);
    this.#camera = new Camera(script.participant, script.video.codec);
    this.#audio = this.#track("audio", payloadTypes.opus, 48_000);
    this.#video = this.#track("video", payloadTypes[script.video.codec], 90_000);
  }

  /** Plans everything that does not depend on what the server asks. */
  begin(): void {
    const { time, lengthMs, script } = this.#parts;
    for (let slot = 0; slot * audioPacketMs < lengthMs; slot++)
      time.at(slot * audioPacketMs, () => this.#captureSound(slot));
    for (let counter = 0; pictureMs(counter) < lengthMs; counter++)
      time.at(pictureMs(counter), () => this.#capturePicture(counter));
    const { firstMs = lengthMs, everyMs = lengthMs } = script.reports ?? {};
    for (let ms = firstMs; ms < lengthMs; ms += everyMs) time.at(ms, () => this.#report(ms));
    for (const kind of ["audio", "video"] as const)
      for (const { bye, fromMs } of script[kind].pauses)
        if (bye) time.at(fromMs, () => this.#source(kind).bye(fromMs));
  }

  /** Takes RTCP from the server. */
  answer(kind: "audio" | "video", rtcp: Buffer): void {
    const { keyframe, again } = readAsked(rtcp);
    if (!keyframe && again.length === 0) return;
    this.#network.answer(() => {
      this.#source(kind).resend(again);
      const { answersAfterMs } = this.script.video;
      if (!keyframe || answersAfterMs === undefined) return;
      this.#keyAtMs = Math.min(this.#keyAtMs, this.#parts.time.nowMs + answersAfterMs);
    });
  }

  end(): void {
    this.#camera.close();
  }

  #track(kind: "audio" | "video", payloadType: number, clockRate: number): TrackSource {
    const { script, time, deliver } = this.#parts;
    return new TrackSource({
      ...{ script: script[kind], payloadType, clockRate, time, network: this.#network },
      deliver: (packet) => deliver(kind, packet),
    });
  }

  #source(kind: "audio" | "video"): TrackSource {
    return kind === "audio" ? this.#audio : this.#video;
  }

  #captureSound(slot: number): void {
    const capturedMs = slot * audioPacketMs;
    const { pauses, dtx } = this.script.audio;
    const packet = soundOf(this.script.participant)[slot];
    if (!packet || pauseAt(pauses, capturedMs)) return;
    const { send, first } = this.#dtx.decide(packet, dtx);
    if (!send) return;
    const level = audioLevelByte(packet.levelDbov);
    const sent = this.#audio.send(capturedMs, { payload: packet.data, marker: first, level });
    this.sounds.push({ capturedMs, packet: sent });
  }

  #capturePicture(counter: number): void {
    const capturedMs = pictureMs(counter);
    const { video } = this.script;
    if (pauseAt(video.pauses, capturedMs) || isLeftOut(video, counter)) return;
    const size = video.sizes.filter(({ atMs }) => atMs <= capturedMs).at(-1);
    if (!size) return;
    // Another source is another encoder.
    const begins = video.sources.some(({ atMs }) => atMs > this.#lastKeyMs && atMs <= capturedMs);
    const due = begins || capturedMs - this.#lastKeyMs >= video.keyframeEveryMs;
    const wanted = due || capturedMs >= this.#keyAtMs;
    const { data, key } = this.#camera.capture(counter, { ...size, key: wanted });
    if (key) [this.#lastKeyMs, this.#keyAtMs] = [capturedMs, Number.POSITIVE_INFINITY];
    const packets = this.#payloads(data).map((one) => this.#video.send(capturedMs, one));
    this.pictures.push({ counter, capturedMs, key, packets });
  }

  #payloads(data: Buffer): Outgoing[] {
    const { codec, parameterSets } = this.script.video;
    if (codec === "VP8") return withMarker(packetizeVp8(data, this.#pictureId++));
    const isSet = (payload: Buffer) => [7, 8].includes((payload[0] ?? 0) & 0x1f);
    const all = withMarker(packetizeH264(data));
    if (parameterSets === "none") return all.filter(({ payload }) => !isSet(payload));
    if (parameterSets === "inline") return all;
    return all.map((one) => (isSet(one.payload) ? { ...one, marker: true } : one));
  }

  #report(ms: number): void {
    const { clock, reports } = this.script;
    const told = wallZero + clock.offsetMs + ms * (1 + clock.ppm / 1e6);
    for (const kind of ["audio", "video"] as const) {
      if (pauseAt(this.script[kind].pauses, ms)?.reports === false) continue;
      const lies = (reports?.wrong ?? []).filter(
        (one) => one.kind === kind && ms >= one.fromMs && ms < one.toMs,
      );
      const lie = (of: WrongReports["of"]) =>
        lies.filter((one) => one.of === of).reduce((sum, { byMs }) => sum + byMs, 0);
      this.#source(kind).report(ms, told + lie("clock"), lie("media"));
    }
  }
}

function withMarker(payloads: Buffer[]): Outgoing[] {
  return payloads.map((payload, index) => ({ payload, marker: index === payloads.length - 1 }));
}

export function pauseAt(pauses: readonly PauseScript[], ms: number): PauseScript | undefined {
  return pauses.find(({ fromMs, toMs }) => ms >= fromMs && ms < toMs);
}

/** Of a still stretch only one picture in many is sent, its first among them. */
function isLeftOut({ stills }: VideoScript, counter: number): boolean {
  return stills.some(({ fromMs, toMs, everyMs }) => {
    const ms = pictureMs(counter);
    if (ms < fromMs || ms >= toMs) return false;
    const first = Math.ceil((fromMs * cameraFps) / 1000 - 1e-6);
    return (counter - first) % Math.round((everyMs * cameraFps) / 1000) !== 0;
  });
}
