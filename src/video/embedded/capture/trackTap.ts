import type { MediaSource } from "../../../core/recording.ts";
import type { CaptureWriter } from "../../../media/format/captureWriter.ts";
import type { TrackWriter } from "../../../media/format/trackWriter.ts";
import type { TrackReceiver, TrackSink } from "../rooms/trackReceiver.ts";
import type { TimedFrame } from "../rtp/frames.ts";
import { agedReport } from "../rtp/rtcp.ts";

/** A media clock further than this from ours has jumped; the file starts over rather than bend time. */
const maxDriftMs = 10_000;
/** The composer needs no finer levels. */
const levelEveryMs = 250;

export interface TapParts {
  writer: CaptureWriter;
  participantId: string;
  source: MediaSource;
  receiver: TrackReceiver;
  /** Whether the disk is so far behind that frames of this kind are given up. */
  overloaded: (kind: "audio" | "video") => boolean;
  onRefused: () => void;
  /** Monotonic ms. */
  now: () => number;
}

interface Open {
  track: TrackWriter;
  firstTimestamp: number;
  /** When its first frame arrived, monotonic ms. */
  startedAt: number;
  /** Counters of the receiver when this file began. */
  packets: number;
  lost: number;
}

/** Writes one receiver's frames into track files of a capture. */
export class TrackTap implements TrackSink {
  #parts: TapParts;
  #open: Open | undefined;
  #levelAt = Number.NEGATIVE_INFINITY;
  #loudest = -127;
  /** The last one before there is a file. */
  #senderReport: { ntpMs: number; rtp: number; at: number } | undefined;

  constructor(parts: TapParts) {
    this.#parts = parts;
  }

  frame(frame: TimedFrame): boolean {
    const { receiver, overloaded, onRefused } = this.#parts;
    if (overloaded(receiver.line.kind)) {
      onRefused();
      return false;
    }
    if (this.#open && Math.abs(this.#drift(this.#open, frame)) > maxDriftMs) {
      this.restart("timestamp_jump");
      if (!frame.key) return false;
    }
    this.#open ??= this.#begin(frame);
    const { track, firstTimestamp } = this.#open;
    const { timestamp, rtp, arrivedAt, ...encoded } = frame;
    track.frame({ ...encoded, ms: this.#toMs(timestamp - firstTimestamp) });
    return true;
  }

  level(dbov: number): void {
    if (!this.#open) return;
    this.#loudest = Math.max(this.#loudest, dbov);
    const now = this.#parts.now();
    if (now - this.#levelAt < levelEveryMs) return;
    this.#parts.writer.level(this.#open.track.id, this.#loudest);
    this.#levelAt = now;
    this.#loudest = -127;
  }

  senderReport(ntpMs: number, rtp: number): void {
    if (this.#open) this.#parts.writer.senderReport(this.#open.track.id, ntpMs, rtp);
    else this.#senderReport = { ntpMs, rtp, at: this.#parts.now() };
  }

  restart(reason: string): void {
    this.end(reason);
    this.#senderReport = undefined;
  }

  /** Ends the track file; what comes later goes into a new one. */
  end(reason: string): void {
    const open = this.#open;
    if (!open) return;
    this.#open = undefined;
    const { packets, lost } = this.#parts.receiver.counters;
    open.track.end(reason, { packets: packets - open.packets, lost: lost - open.lost });
  }

  #begin(frame: TimedFrame): Open {
    const { writer, participantId, source, receiver, now } = this.#parts;
    const { kind, codec, clockRate } = receiver.line;
    const track = writer.track({
      participant: participantId,
      source,
      kind,
      codec,
      clockRate,
      ssrc: receiver.ssrc ?? 0,
    });
    const { timestamp, rtp, arrivedAt } = frame;
    track.first(rtp, now() - arrivedAt);
    const report = this.#senderReport;
    if (report) {
      const told = agedReport(report, now() - report.at, clockRate);
      writer.senderReport(track.id, told.ntpMs, told.rtp);
    }
    this.#senderReport = undefined;
    const { packets, lost } = receiver.counters;
    return { track, firstTimestamp: timestamp, startedAt: arrivedAt, packets, lost };
  }

  #drift(open: Open, frame: TimedFrame): number {
    return this.#toMs(frame.timestamp - open.firstTimestamp) - (frame.arrivedAt - open.startedAt);
  }

  #toMs(timestamp: number): number {
    return (timestamp / this.#parts.receiver.line.clockRate) * 1000;
  }
}
