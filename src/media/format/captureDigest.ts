import type { MediaSource } from "../../core/recording.ts";
import { ActiveSpeaker, type SpeakerTurn } from "./activeSpeaker.ts";
import type { CaptureCodec, CaptureEvent } from "./events.ts";
import { Pauses } from "./pauses.ts";
import { TrackTimes } from "./trackTimes.ts";

/** What the log says of one track. Times are epoch ms of the recorder. */
export interface TrackDigest {
  id: string;
  participant: string;
  source: MediaSource;
  kind: "audio" | "video";
  codec: CaptureCodec;
  clockRate: number;
  file: string;
  /** When its first packet arrived; undefined when none did. */
  firstAt: number | undefined;
  openedAt: number;
  /** When its first frame that can be decoded was written; undefined while there is none, or where it was not noted. */
  firstFrameAt: number | undefined;
  endedAt: number | undefined;
  /** Media time of its last frame, ms; undefined when its writer died. */
  endMs: number | undefined;
  /** Last sign of life of the writer that wrote it, if that writer died. */
  orphanedAt: number | undefined;
  times: TrackTimes;
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
  #speaker = new ActiveSpeaker();

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
        this.#takenOver(event);
        break;
      case "pause":
        this.pauses.begin(event.t);
        break;
      case "resume":
        this.pauses.end(event.t);
        break;
      case "participant":
        this.names.set(event.participant, event.name);
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

  #takenOver(event: Of<"captureResume">): void {
    // Nothing was captured, so nothing was missed.
    if (this.pauses.open) return;
    const open = [...this.tracks.values()].filter((track) => track.endedAt === undefined);
    const interrupted = open.filter((track) => track.orphanedAt === undefined);
    for (const track of interrupted) track.orphanedAt = this.lastT;
    this.outages.push({ from: this.lastT, to: event.t, interrupted: interrupted.length });
  }

  #opened(event: Of<"track">): void {
    const { track: id, participant, kind, codec, clockRate, file } = event;
    const source = event.source === "screen" ? "screen" : "camera";
    this.tracks.set(id, {
      ...{ id, participant, source, kind, codec, clockRate, file },
      openedAt: event.t,
      firstAt: undefined,
      firstFrameAt: undefined,
      endedAt: undefined,
      endMs: undefined,
      orphanedAt: undefined,
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

/** When the packet arrived, epoch ms; captures from elsewhere may say anything. */
function arrivalOf({ t, waitedMs = 0 }: { t: number; waitedMs?: number }): number {
  return waitedMs > 0 && Number.isFinite(waitedMs) ? t - waitedMs : t;
}
