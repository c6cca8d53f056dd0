import { ClockOffset } from "./clockOffset.ts";
import { SenderClock } from "./senderClock.ts";

/** A sender's media clock and ours drift apart by less than this, ms per ms. */
const maxDrift = 1200e-6;
/** One report every 2 s is kept; after every so many the distance of further ones doubles. */
const reportsAtASpacing = 2048;
const firstSpacingMs = 2000;
/** Two reports of one clock agree within this, ms. */
const agreementMs = 500;

/** A sender report of a piece: media time, the sender's clock (epoch ms) and when it arrived (epoch ms of ours). */
export interface TrackReport {
  mediaMs: number;
  ntp: number;
  arrivalMs: number;
}

/** A stretch of a track in which its media time runs with real time. */
export interface TrackPiece {
  /** Media time at which it begins, and at which the one before it ended; ms. */
  fromMs: number;
  previousEndMs: number;
  /** When its first packet arrived, epoch ms. */
  arrivedAt: number;
  reports: TrackReport[];
  /** Media time against arrival. */
  arrival: ClockOffset;
  /** The log tells arrivals all along, not only that of the first packet. */
  followed: boolean;
}

interface Candidate extends TrackReport {
  offsetMs: number;
}

/**
 * Collects what a track's log tells of time: its pieces, the arrival of its packets, and the sender's reports that do not
 * contradict each other. What was collected stays as it is.
 */
export class TrackTimes {
  readonly pieces: TrackPiece[] = [];
  readonly senderClock = new SenderClock();
  /** Between the last two reports, ms. */
  reportGapMs = 0;
  #clockRate: number;
  #zero = 0;
  #kept = 0;
  /** When the first report arrived that was believed. */
  #reportedAt: number | undefined;
  #lastReportAt: number | undefined;
  /** The sender's clock against the media's, by the last report that was believed, ms. */
  #offsetMs: number | undefined;
  #candidate: Candidate | undefined;

  /** Hz. */
  constructor(clockRate: number) {
    this.#clockRate = clockRate;
  }

  /** When the last report arrived, believed or not. */
  get lastReportAt(): number | undefined {
    return this.#lastReportAt;
  }

  get firstReportAt(): number | undefined {
    return this.#reportedAt;
  }

  /** The track's first packet: its RTP timestamp is media time zero. */
  first(rtp: number, arrivedAt: number): void {
    if (this.pieces.length > 0) return;
    this.#zero = rtp;
    this.#begin(0, 0, arrivedAt);
  }

  /** Media time goes on at `fromMs` after it had got to `previousEndMs`: between them the sender paused, or its time jumped. */
  piece(fromMs: number, previousEndMs: number, arrivedAt: number): void {
    const last = this.pieces.at(-1);
    if (last && fromMs > last.fromMs) this.#begin(fromMs, previousEndMs, arrivedAt);
  }

  /** A packet of media time `mediaMs` arrived at `arrivedAt`. */
  arrival(mediaMs: number, arrivedAt: number): void {
    const piece = this.pieces.at(-1);
    if (!piece) return;
    piece.followed = true;
    piece.arrival.add(mediaMs, arrivedAt);
  }

  /** A sender report: the sender's clock (epoch ms) at an RTP timestamp, and when it arrived (epoch ms of ours). */
  report(rtp: number, ntp: number, arrivalMs: number): void {
    const piece = this.pieces.at(-1);
    if (!piece) return;
    this.reportGapMs = arrivalMs - (this.#lastReportAt ?? arrivalMs);
    this.#lastReportAt = arrivalMs;
    const expectedMs = arrivalMs - piece.arrival.offsetAt(arrivalMs);
    const mediaMs = this.#mediaMs(rtp, expectedMs);
    const report = { mediaMs, ntp, arrivalMs };
    if (!piece.followed) this.#keep(piece, report);
    else this.#judge(piece, { ...report, offsetMs: mediaMs + arrivalMs - expectedMs - ntp });
  }

  #begin(fromMs: number, previousEndMs: number, arrivedAt: number): void {
    const arrival = new ClockOffset(maxDrift);
    arrival.add(fromMs, arrivedAt);
    const piece = { fromMs, previousEndMs, arrivedAt, reports: [], arrival, followed: false };
    this.pieces.push(piece);
    this.#offsetMs = this.#candidate = undefined;
  }

  /** A report that contradicts the last one counts only if the next one agrees with it: then the sender's clock was set. */
  #judge(piece: TrackPiece, report: Candidate): void {
    const agrees = (offsetMs: number | undefined) =>
      offsetMs !== undefined && Math.abs(report.offsetMs - offsetMs) <= agreementMs;
    const candidate = this.#candidate;
    this.#candidate = undefined;
    if (this.#offsetMs !== undefined && !agrees(this.#offsetMs)) {
      if (!agrees(candidate?.offsetMs)) {
        this.#candidate = report;
        return;
      }
      this.senderClock.set(candidate?.arrivalMs ?? report.arrivalMs);
      if (candidate) this.senderClock.add(candidate.ntp, candidate.arrivalMs);
    }
    this.#offsetMs = report.offsetMs;
    this.#keep(piece, report);
  }

  #keep(piece: TrackPiece, { mediaMs, ntp, arrivalMs }: TrackReport): void {
    this.senderClock.add(ntp, arrivalMs);
    const previous = piece.reports.at(-1);
    const tooSoon = previous && ntp - previous.ntp < this.#spacingMs();
    if (tooSoon || (previous && mediaMs <= previous.mediaMs)) return;
    this.#reportedAt ??= arrivalMs;
    this.#kept++;
    piece.reports.push({ mediaMs, ntp, arrivalMs });
  }

  #spacingMs(): number {
    return firstSpacingMs * 2 ** Math.floor(this.#kept / reportsAtASpacing);
  }

  /** RTP timestamps are 32 bits and wrap: taken as what is nearest to the media time expected. */
  #mediaMs(rtp: number, expectedMs: number): number {
    const ticksOf = (ms: number) => Math.round((ms * this.#clockRate) / 1000);
    const expected = Number.isFinite(expectedMs) ? ticksOf(expectedMs) : 0;
    const ticks = expected + (Math.trunc((rtp - this.#zero - expected) % 2 ** 32) | 0);
    return (ticks * 1000) / this.#clockRate;
  }
}
