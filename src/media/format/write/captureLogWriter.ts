import { TokenBucket } from "../../../core/limits/tokenBucket.ts";
import { captureLimits } from "../log/captureLimits.ts";
import { eventLine } from "../log/eventLog.ts";
import type { CaptureEvent } from "../log/events.ts";
import type { AppendFile } from "./appendFile.ts";
import type { CaptureClock } from "./captureClock.ts";

/** An event whose time the log stamps. */
export type Unstamped<E extends CaptureEvent = CaptureEvent> = E extends unknown
  ? Omit<E, "t">
  : never;

/** The event log of a capture as it is written: whoever follows it finds in the tracks what it tells of. */
export class CaptureLogWriter {
  #file: AppendFile;
  #time: CaptureClock;
  #lastT: number;
  /** Events that wait for the media before them. */
  #waiting: Buffer[] = [];
  #written: Promise<void> = Promise.resolve();
  /** What of the log people may still fill. */
  #shares = new Map<string, TokenBucket>();
  #ended = false;

  /** @param lastT - time of the last event there is, epoch ms */
  constructor(file: AppendFile, time: CaptureClock, lastT: number) {
    this.#file = file;
    this.#time = time;
    this.#lastT = lastT;
  }

  /** Time of the last event, epoch ms. */
  get lastT(): number {
    return this.#lastT;
  }

  /** Bytes accepted. */
  get bytes(): number {
    return this.#file.bytes + this.#waitingBytes;
  }

  /** Bytes accepted and not yet handed to the operating system. */
  get queuedBytes(): number {
    return this.#file.queuedBytes + this.#waitingBytes;
  }

  emit(event: Unstamped): void {
    if (!this.#ended) this.#waiting.push(this.#line(event));
  }

  /** Adds what can be done without, unless that of its participant has filled too much of the log already. */
  emitOf(participant: string | undefined, event: Unstamped): void {
    if (this.#ended || participant === undefined) return;
    const { logBytesPerSecond, logBurstBytes } = captureLimits;
    const share =
      this.#shares.get(participant) ?? new TokenBucket(logBytesPerSecond, logBurstBytes);
    this.#shares.set(participant, share);
    const line = this.#line(event);
    if (share.take(line.length, this.#lastT)) this.#waiting.push(line);
  }

  /** Hands the events until now to the operating system, once the media before them is there, however slow the disk is. */
  flush(media: Promise<unknown>): Promise<void> {
    const events = this.#waiting.splice(0);
    this.#written = Promise.all([this.#written, media]).then(() => {
      this.#file.append(...events);
      return this.#file.flush();
    });
    return this.#written;
  }

  sync(): Promise<void> {
    return this.#file.sync();
  }

  /** Takes no more events. */
  end(): void {
    this.#ended = true;
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #line(event: Unstamped): Buffer {
    this.#lastT = Math.max(this.#lastT, this.#time.now());
    const { type, ...fields } = event;
    return eventLine({ type, t: this.#lastT, ...fields } as CaptureEvent);
  }

  get #waitingBytes(): number {
    return this.#waiting.reduce((sum, { length }) => sum + length, 0);
  }
}
