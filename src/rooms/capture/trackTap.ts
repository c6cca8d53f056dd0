import type { MediaSource } from "../../core/media.ts";
import type { CaptureWriter } from "../../media/format/write/captureWriter.ts";
import type { TrackWriter } from "../../media/format/write/trackWriter.ts";
import type { TimedFrame } from "../codecs/frames.ts";
import type { TrackSink } from "../publish/trackConsumers.ts";
import type { TrackReceiver } from "../publish/trackReceiver.ts";
import { agedReport } from "../rtp/rtcp.ts";
import { Unwrapper } from "../rtp/sequence.ts";
import { Continuity } from "./continuity.ts";
import { Coverage } from "./coverage.ts";
import type { PieceStart } from "./pieces.ts";

/** The composer needs no finer levels. */
const levelEveryMs = 250;
/** How often the least delayed frame is told. */
const arrivalEveryMs = 2000;
/** Senders report once a second or less; the log holds no more than this, ms. */
const reportEveryMs = 200;
/** Frames wait for a decision on their place up to this, bytes. */
const maxPlacingBytes = 8 * 1024 * 1024;
/** A sender needs this long at most to make a picture when it is asked for one, ms: what comes before it is not missed. */
const firstPictureMs = 1000;

export interface TapParts {
  writer: CaptureWriter;
  participantId: string;
  source: MediaSource;
  receiver: TrackReceiver;
  /** Whether the disk is so far behind that frames of this kind are given up. */
  overloaded: (kind: "audio" | "video") => boolean;
  onRefused: () => void;
  /** Whether its publisher says that it is on. */
  isOn: () => boolean;
  /** Monotonic ms. */
  now: () => number;
}

interface Open {
  track: TrackWriter;
  /** RTP timestamp at media time zero. */
  rtp: number;
}

interface Report {
  ntpMs: number;
  rtp: number;
  at: number;
}

/** Writes one receiver's frames into a track file of a capture. */
export class TrackTap implements TrackSink {
  #parts: TapParts;
  #continuity: Continuity<TimedFrame>;
  #open: Open | undefined;
  #levelAt = Number.NEGATIVE_INFINITY;
  #loudest = -127;
  /** Those that wait for a frame that they tell of: the last one before there is any, all while none is placed. */
  #reports: Report[] = [];
  /** What is reported is of a source that has no piece yet. */
  #restarted = false;
  /** The least delayed frame since the last one told. */
  #earliest: { mediaMs: number; arrivedAt: number } | undefined;
  #arrivalAt = Number.NEGATIVE_INFINITY;
  #reportAt = Number.NEGATIVE_INFINITY;
  #placingBytes = 0;
  #tappedAt: number;
  /** In the sender's time: a network that stood still delivers much at once. */
  #received = new Coverage();
  #timestamps = new Unwrapper(32);
  #stored = new Coverage();
  /** Counters of the receiver at the beginning. */
  #before: { packets: number; lost: number };

  constructor(parts: TapParts) {
    this.#parts = parts;
    this.#before = parts.receiver.counters;
    this.#tappedAt = parts.now();
    this.#continuity = new Continuity({
      frame: (frame, mediaMs) => this.#write(frame, mediaMs),
      piece: (start, first) => this.#piece(start, first),
    });
  }

  frame(frame: TimedFrame): boolean {
    const { receiver, overloaded, onRefused } = this.#parts;
    if (overloaded(receiver.line.kind)) {
      onRefused();
      return false;
    }
    const { timestamp, arrivedAt, overtaken } = frame;
    if (overtaken) this.#continuity.pushOvertaken(frame, this.#toMs(timestamp), arrivedAt);
    else this.#continuity.push(frame, this.#toMs(timestamp), arrivedAt);
    this.#boundPlacing(frame);
    this.#tellReports();
    return true;
  }

  #boundPlacing({ data }: TimedFrame): void {
    this.#placingBytes = this.#continuity.placing ? this.#placingBytes + data.length : 0;
    if (this.#placingBytes > maxPlacingBytes) this.#continuity.flush();
  }

  isOn(): boolean {
    return this.#parts.isOn();
  }

  received(timestamp: number): void {
    if (!this.#open && this.#parts.now() - this.#tappedAt < firstPictureMs) return;
    this.#received.add(this.#toMs(this.#timestamps.unwrap(timestamp)));
  }

  leftOut(reason: "picture_size" | "bit_rate", count: number): void {
    const { writer, participantId: participant, source, receiver } = this.#parts;
    writer.leftOut({ participant, source, kind: receiver.line.kind, reason }, count);
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
    const at = this.#parts.now();
    if (at - this.#reportAt < reportEveryMs) return;
    this.#reportAt = at;
    const report = { ntpMs, rtp, at };
    // Nobody knows yet what its RTP time stands for.
    if (this.#continuity.placing) this.#reports.push(report);
    else this.#reports = [report];
    this.#tellReports();
  }

  restart(): void {
    this.#continuity.restart();
    this.#reports = [];
    this.#restarted = this.#open !== undefined;
  }

  /** Decides what waits for a decision; to be called every few ten ms. */
  tick(): void {
    this.#continuity.tick(this.#parts.now());
    this.#tellReports();
  }

  /** Ends the track file, and tells what came and what of it is stored. Returns how much is not, ms. */
  end(reason: string): number {
    this.#continuity.flush();
    const { writer, receiver, participantId, source } = this.#parts;
    const { packets, lost } = receiver.counters;
    const counted = {
      packets: packets - this.#before.packets,
      lost: lost - this.#before.lost,
      receivedMs: Math.round(this.#received.ms),
    };
    if (this.#open)
      this.#open.track.end(reason, { ...counted, storedMs: Math.round(this.#stored.ms) });
    else if (counted.receivedMs > 0) {
      const { kind, codec } = receiver.line;
      writer.unstored({ participant: participantId, source, kind, codec }, counted);
    }
    this.#open = undefined;
    return Math.max(0, counted.receivedMs - Math.round(this.#stored.ms));
  }

  #write(frame: TimedFrame, mediaMs: number): void {
    const { timestamp, rtp, arrivedAt, overtaken, ...encoded } = frame;
    this.#open ??= this.#begin(frame);
    this.#open.track.frame({ ...encoded, ms: mediaMs });
    this.#stored.add(mediaMs);
    if (!overtaken) this.#noteArrival(this.#open, mediaMs, arrivedAt);
  }

  #begin({ rtp, arrivedAt }: TimedFrame): Open {
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
    track.first(rtp, now() - arrivedAt);
    return { track, rtp };
  }

  #piece({ atMs, endMs, arrivedAt }: PieceStart, { rtp }: TimedFrame): void {
    const { receiver, now } = this.#parts;
    this.#earliest = undefined;
    if (!this.#restarted) this.#tellReportsUntil(arrivedAt);
    this.#restarted = false;
    const source = { ssrc: receiver.ssrc ?? 0, rtp };
    this.#open?.track.piece({ atMs, endMs, ...source }, now() - arrivedAt);
  }

  #noteArrival({ track }: Open, mediaMs: number, arrivedAt: number): void {
    const earliest = this.#earliest;
    if (!earliest || arrivedAt - mediaMs < earliest.arrivedAt - earliest.mediaMs)
      this.#earliest = { mediaMs, arrivedAt };
    const now = this.#parts.now();
    if (!this.#earliest || now - this.#arrivalAt < arrivalEveryMs) return;
    track.arrival(this.#earliest.mediaMs, now - this.#earliest.arrivedAt);
    this.#arrivalAt = now;
    this.#earliest = undefined;
  }

  #tellReports(): void {
    if (this.#continuity.placed) this.#tellReportsUntil(Number.POSITIVE_INFINITY);
  }

  /** Reports speak of the sender's time: what is written speaks of media time, as of when they arrived. */
  #tellReportsUntil(arrivedMs: number): void {
    if (!this.#open) return;
    const { writer, now, receiver } = this.#parts;
    const { track, rtp: zero } = this.#open;
    const { clockRate } = receiver.line;
    const told = this.#reports.filter(({ at }) => at < arrivedMs);
    this.#reports = this.#reports.filter(({ at }) => at >= arrivedMs);
    for (const report of told) {
      const { ntpMs, rtp } = agedReport(report, now() - report.at, clockRate);
      const moved = Math.round((this.#continuity.shiftMs * clockRate) / 1000) + zero;
      writer.senderReport(track.id, ntpMs, modulo(rtp + moved, 2 ** 32));
    }
  }

  #toMs(timestamp: number): number {
    return (timestamp / this.#parts.receiver.line.clockRate) * 1000;
  }
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}
