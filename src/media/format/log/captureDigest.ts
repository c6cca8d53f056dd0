import type { MediaCodec, MediaSource } from "../../../core/media.ts";
import { ActiveSpeaker, type SpeakerTurn } from "../time/activeSpeaker.ts";
import { Pauses } from "../time/pauses.ts";
import { TrackTimes } from "../time/trackTimes.ts";
import { captureLimits } from "./captureLimits.ts";
import type { CaptureEvent } from "./events.ts";
import type { LeftOut } from "./leftOut.ts";
import { TrackShare } from "./trackShare.ts";

/** What the log says of one track. Times are epoch ms of the recorder. */
export interface TrackDigest {
  id: string;
  participant: string;
  source: MediaSource;
  kind: "audio" | "video";
  codec: MediaCodec;
  clockRate: number;
  file: string;
  /** When its first packet arrived; undefined when none did. */
  firstAt: number | undefined;
  openedAt: number;
  /** Since when the recorder had been taking what its publisher sends, epoch ms. */
  attendedAt: number;
  /** When its first frame that can be decoded was written; undefined while there is none, or where it was not noted. */
  firstFrameAt: number | undefined;
  endedAt: number | undefined;
  /** Why it ended. */
  endReason: string | undefined;
  /** Media time of its last frame, ms; undefined when its writer died. */
  endMs: number | undefined;
  /** Last sign of life of the writer that wrote it, if that writer died. */
  orphanedAt: number | undefined;
  /** What its writer counted; undefined when it died or did not. */
  counted:
    | (Pick<Of<"trackEnd">, "packets" | "lost"> & { receivedMs: number; storedMs: number })
    | undefined;
  times: TrackTimes;
}

/** Id of an entry on the timeline: the user, or the user's screen. */
export function participantKey({
  participant,
  source,
}: Pick<TrackDigest, "participant" | "source">): string {
  return source === "screen" ? `${participant}/screen` : participant;
}

/** The writer was dead between the two times. */
export interface Outage {
  from: number;
  to: number;
  /** Tracks that were being written when it died. */
  interrupted: number;
}

type Of<T extends CaptureEvent["type"]> = Extract<CaptureEvent, { type: T }>;

/** Reads a capture's events one by one into what the timeline needs; memory does not grow with levels or reports. */
export class CaptureDigest {
  start: Of<"captureStart"> | undefined;
  stop: Of<"captureStop"> | undefined;
  /** Time of the last event: the last sign of life. */
  lastT = 0;
  readonly names = new Map<string, string>();
  readonly tracks = new Map<string, TrackDigest>();
  readonly outages: Outage[] = [];
  readonly pauses = new Pauses();
  /** Tracks of which nothing could be stored. */
  readonly unstored: Of<"unstored">[] = [];
  /** What limits kept out, by whose and which. */
  readonly leftOut = new Map<string, LeftOut & { count: number }>();
  /** When whose picture was off by their own word, by entry on the timeline. */
  readonly pictureOff = new Map<string, Pauses>();
  #attendedAt = new Map<string, number>();
  #speaker = new ActiveSpeaker();
  #share = new TrackShare();

  get speakers(): SpeakerTurn[] {
    return this.#speaker.turns;
  }

  add(event: CaptureEvent): void {
    this.#apply(event);
    this.lastT = Math.max(this.lastT, event.t);
  }

  #apply(event: CaptureEvent): void {
    switch (event.type) {
      case "captureStart":
        this.start ??= event;
        break;
      case "captureStop":
        this.stop ??= event;
        break;
      case "captureResume":
        this.#recovered(event);
        break;
      case "pause":
        this.pauses.begin(event.t);
        break;
      case "resume":
        this.pauses.end(event.t);
        break;
      case "participant":
        this.names.set(event.participant, event.name);
        this.#attendedAt.set(event.participant, event.t);
        break;
      case "media":
        this.#said(event);
        break;
      case "unstored":
        this.unstored.push(event);
        break;
      case "leftOut":
        this.#limited(event);
        break;
      case "leave":
        this.#speaker.left(event.participant);
        break;
      case "track":
        this.#opened(event);
        break;
      case "alive":
        break;
      default:
        this.#trackEvent(event);
    }
  }

  #recovered(event: Of<"captureResume">): void {
    // Nothing was captured, so nothing was missed.
    if (this.pauses.open) return;
    const open = [...this.tracks.values()].filter((track) => track.endedAt === undefined);
    const interrupted = open.filter((track) => track.orphanedAt === undefined);
    for (const track of interrupted) track.orphanedAt = this.lastT;
    this.outages.push({ from: this.lastT, to: event.t, interrupted: interrupted.length });
  }

  #said({ participant, source = "camera", video, t }: Of<"media">): void {
    const key = participantKey({ participant, source });
    const off = this.pictureOff.get(key) ?? new Pauses();
    this.pictureOff.set(key, off);
    if (video) off.end(t);
    else off.begin(t);
  }

  #limited({
    participant,
    source = "camera",
    kind,
    reason,
    count,
  }: Omit<Of<"leftOut">, "type" | "t">) {
    const key = `${reason} ${kind} ${source} ${participant}`;
    const before = this.leftOut.get(key);
    if (!before && this.leftOut.size >= captureLimits.leftOut) return;
    const sum = (before?.count ?? 0) + count;
    this.leftOut.set(key, { participant, source, kind, reason, count: sum });
  }

  #opened(event: Of<"track">): void {
    const { track: id, participant, kind, codec, clockRate, file } = event;
    const source = event.source === "screen" ? "screen" : "camera";
    // Whoever wrote it had no limit: whatever is made of the capture has.
    if (!this.#share.take(participant)) {
      this.#limited({ participant, source, kind, reason: "tracks", count: 1 });
      return;
    }
    this.tracks.set(id, {
      ...{ id, participant, source, kind, codec, clockRate, file },
      openedAt: event.t,
      attendedAt: this.#attendedAt.get(participant) ?? event.t,
      firstAt: undefined,
      firstFrameAt: undefined,
      endedAt: undefined,
      endReason: undefined,
      endMs: undefined,
      orphanedAt: undefined,
      counted: undefined,
      times: new TrackTimes(clockRate),
    });
  }

  #trackEvent(
    event: Of<"first" | "arrival" | "piece" | "senderReport" | "level" | "resolution" | "trackEnd">,
  ): void {
    const track = this.tracks.get(event.track);
    if (!track) return;
    switch (event.type) {
      case "first":
        track.firstAt ??= arrivalOf(event);
        if (track.kind === "audio") track.firstFrameAt ??= event.t;
        track.times.first(event.rtp, track.firstAt);
        break;
      case "arrival":
        track.times.arrival(event.atMs, arrivalOf(event));
        break;
      case "piece":
        track.times.piece(event.atMs, event.endMs, arrivalOf(event));
        break;
      case "senderReport":
        track.times.report(event.rtp, event.ntp, event.t);
        break;
      case "level":
        // A film that somebody shows is nobody speaking.
        if (track.source === "camera") this.#speaker.level(event.t, track.participant, event.dbov);
        break;
      case "trackEnd":
        track.counted ??= countsOf(event);
        track.endReason ??= event.reason;
        track.endedAt ??= event.t;
        // An empty file never had a frame that could be decoded.
        if (event.bytes > 0) track.endMs ??= event.endMs;
        break;
      case "resolution":
        track.firstFrameAt ??= event.t;
        break;
    }
  }
}

function countsOf({ packets, lost, receivedMs, storedMs }: Of<"trackEnd">): TrackDigest["counted"] {
  if (receivedMs === undefined || storedMs === undefined) return undefined;
  return { packets, lost, receivedMs, storedMs };
}

/** When the packet arrived, epoch ms; captures from elsewhere may say anything. */
function arrivalOf({ t, waitedMs = 0 }: { t: number; waitedMs?: number }): number {
  return waitedMs > 0 && Number.isFinite(waitedMs) ? t - waitedMs : t;
}
