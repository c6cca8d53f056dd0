import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Clock } from "../../../core/clock.ts";
import type { Log } from "../../../core/log.ts";
import type { RecordingPause } from "../../../core/recording.ts";
import { createDurably, syncFolder } from "../../../files/durable.ts";
import {
  folderBytes,
  freeTrackNumber,
  trackId,
  type UnsealedCapture,
  type Uptime,
  unsealedCapture,
} from "../log/captureFolder.ts";
import { eventLine, eventLogName, truncateTornLine } from "../log/eventLog.ts";
import { type LeftOut, LeftOutBook } from "../log/leftOut.ts";
import { TrackShare } from "../log/trackShare.ts";
import { Pauses } from "../time/pauses.ts";
import { RecordedTime } from "../time/recordedTime.ts";
import { containerExtension } from "../track/trackContainer.ts";
import { trackIndexName } from "../track/trackIndex.ts";
import { AppendFile } from "./appendFile.ts";
import { CaptureClock, type CaptureClockDeps } from "./captureClock.ts";
import {
  type CaptureStart,
  type CaptureTrack,
  type PublishedMedia,
  startEvent,
} from "./captured.ts";
import { CaptureLogWriter, type Unstamped } from "./captureLogWriter.ts";
import { OpenTracks } from "./openTracks.ts";
import { type TrackStats, TrackWriter } from "./trackWriter.ts";

/** At most this much of what was captured is lost when the process dies, ms. */
const flushEveryMs = 200;
/** At most 2 s are lost when the machine dies; the difference leaves time for the sync itself. */
const syncEveryMs = 1600;
const aliveEveryMs = 500;

export interface CaptureWriterDeps extends CaptureClockDeps {
  log: Log;
}

/**
 * Writes a capture: one append-only file per track and the event log, in a folder of their own.
 * What it accepted is written within 200 ms and durable within 2 s; calls never block on the disk.
 */
export class CaptureWriter {
  /** Epoch ms of the capture's start. */
  readonly startedAt: number;
  #dir: string;
  #clock: Clock;
  #time: CaptureClock;
  #uptime: () => Uptime | undefined;
  #log: Log;
  #events: CaptureLogWriter;
  #tracks = new OpenTracks();
  #earlierBytes: number;
  #nextTrack: number;
  #aliveAt: number;
  #syncedAt: number;
  #syncing: Promise<void> | undefined;
  #stopping = new AbortController();
  #pump: Promise<void>;
  #closed: Promise<void> | undefined;
  #failure: Error | undefined;
  #pauses: Pauses;
  #share: TrackShare;
  #leftOut = new LeftOutBook();
  #listeners: ((error: Error) => void)[] = [];

  private constructor(
    dir: string,
    at: Omit<UnsealedCapture, "lastUptime"> & {
      time: CaptureClock;
      nextTrack: number;
      earlierBytes: number;
    },
    deps: CaptureWriterDeps,
  ) {
    this.#dir = dir;
    this.#clock = deps.clock;
    this.#time = at.time;
    this.#uptime = deps.uptime ?? (() => undefined);
    this.#log = deps.log;
    this.startedAt = at.startedAt;
    this.#pauses = new Pauses(at.pauses);
    this.#share = new TrackShare(at.tracks);
    this.#nextTrack = at.nextTrack;
    this.#earlierBytes = at.earlierBytes;
    this.#aliveAt = this.#syncedAt = at.time.now();
    this.#events = new CaptureLogWriter(this.#file(eventLogName, "a"), at.time, at.lastT);
    this.#pump = this.#run();
  }

  /** Creates the folder, which must not exist, and resolves once the capture's start is durable. */
  static async create(
    dir: string,
    start: CaptureStart,
    deps: CaptureWriterDeps,
  ): Promise<CaptureWriter> {
    await mkdir(dirname(dir), { recursive: true, mode: 0o700 });
    await mkdir(dir, { mode: 0o700 });
    const time = CaptureClock.begin(deps);
    const startedAt = time.now();
    await createDurably(join(dir, eventLogName), eventLine(startEvent(start, startedAt)));
    await Promise.all([syncFolder(dir), syncFolder(dirname(dir))]);
    const tracks = new Map<string, number>();
    const nothing = { pauses: [], tracks, nextTrack: 1, earlierBytes: 0 };
    const begun = { startedAt, lastT: startedAt, time, ...nothing };
    return new CaptureWriter(dir, begun, deps);
  }

  /**
   * Continues the unsealed capture of a dead process, paused if it was; resolves once that is durable.
   * @throws CaptureSealedError if it was sealed; NotACaptureError, or Error with code ENOENT, if there is nothing to continue; also when
   * the disk refuses
   */
  static async recover(dir: string, deps: CaptureWriterDeps): Promise<CaptureWriter> {
    const found = await unsealedCapture(dir);
    await truncateTornLine(dir);
    const nextTrack = await freeTrackNumber(dir);
    const time = CaptureClock.goOn(found, deps);
    const earlierBytes = await folderBytes(dir);
    const writer = new CaptureWriter(dir, { ...found, time, nextTrack, earlierBytes }, deps);
    writer.#events.emit({ type: "captureResume" });
    await writer.#durable();
    return writer;
  }

  /** How long it has been running, pauses included, ms. */
  get ageMs(): number {
    return this.#time.now() - this.startedAt;
  }

  /** Since when it is paused, epoch ms. */
  get pausedAt(): number | undefined {
    return this.#pauses.open?.from;
  }

  /** The pauses that are over. */
  get pauses(): RecordingPause[] {
    const over = this.#pauses.spans.filter(({ to }) => to !== undefined);
    return new RecordedTime(this.startedAt, this.#events.lastT, over).pauses;
  }

  /** Bytes accepted by this writer over all files. */
  get bytes(): number {
    return this.#events.bytes + this.#tracks.bytes;
  }

  /** Bytes of the capture, those of the writers before this one included. */
  get diskBytes(): number {
    return this.#earlierBytes + this.bytes;
  }

  /** Bytes accepted and not yet handed to the operating system: grows when the disk cannot follow. */
  get queuedBytes(): number {
    return this.#events.queuedBytes + this.#tracks.queuedBytes;
  }

  /** Called once, with the first write error; what comes after it may be missing from the capture. */
  onFailure(listener: (error: Error) => void): void {
    if (this.#failure) listener(this.#failure);
    else this.#listeners.push(listener);
  }

  participant(id: string, name: string): void {
    this.#events.emit({ type: "participant", participant: id, name });
  }

  /** What a participant says of what they publish: whether it is on. */
  media(participant: string, { source, audio, video }: PublishedMedia): void {
    this.#events.emitOf(participant, { type: "media", participant, source, audio, video });
  }

  /** Whether a participant may have so many more tracks: to be asked before they are opened. */
  admit(participant: string, tracks: number): boolean {
    return this.#share.take(participant, tracks);
  }

  /** Notes media that a limit keeps out of the capture. */
  leftOut(what: LeftOut, count: number): void {
    const told = this.#leftOut.note(what, count, this.#time.now());
    if (told > 0) this.#events.emit({ type: "leftOut", ...what, count: told });
  }

  /** Opens a new file for a track. */
  track(track: CaptureTrack): TrackWriter {
    const id = trackId(this.#nextTrack++);
    const fileName = `${id}-${track.kind}.${containerExtension(track.codec)}`;
    const { participant, source = "camera", kind, codec, clockRate, ssrc } = track;
    this.#events.emit({
      ...{ type: "track", track: id, participant, source, kind, codec },
      ...{ clockRate, ssrc, file: fileName },
    });
    const files = { media: this.#file(fileName, "wx"), index: this.#index(id) };
    const writer = new TrackWriter(id, codec, files, {
      emit: (event) => {
        const isNeeded = event.type !== "arrival" && event.type !== "resolution";
        if (isNeeded) this.#events.emit(event);
        else this.#events.emitOf(participant, event);
      },
      ended: () => this.#tracks.end(id),
    });
    this.#tracks.add(id, { participant, writer, files });
    return writer;
  }

  /** RFC 6464 audio level in dBov (0 loudest, -127 silence). */
  level(track: string, dbov: number): void {
    this.#events.emitOf(this.#tracks.participantOf(track), { type: "level", track, dbov });
  }

  /** RTCP sender report: the sender's clock (epoch ms) at an RTP timestamp. */
  senderReport(track: string, ntpMs: number, rtp: number): void {
    const event = { type: "senderReport", track, ntp: ntpMs, rtp } as const;
    this.#events.emitOf(this.#tracks.participantOf(track), event);
  }

  /** Packets of a track came of which nothing could be stored. */
  unstored(
    track: Omit<CaptureTrack, "clockRate" | "ssrc">,
    stats: Required<Omit<TrackStats, "storedMs">>,
  ) {
    const { participant, source = "camera", kind, codec } = track;
    this.#events.emit({ type: "unstored", participant, source, kind, codec, ...stats });
  }

  leave(participant: string, reason: string): void {
    this.#events.emit({ type: "leave", participant, reason });
  }

  /**
   * Ends all tracks and the timeline until `resume`; resolves once that is durable. Nothing may be captured until then.
   * A repeat changes nothing.
   * @throws when the disk refuses
   */
  async pause(): Promise<void> {
    if (!this.#pauses.open) {
      this.#tracks.endAll("paused");
      this.#events.emit({ type: "pause" });
      this.#pauses.begin(this.#events.lastT);
    }
    await this.#durable();
  }

  /** The timeline goes on; resolves once that is durable. A repeat changes nothing. @throws when the disk refuses */
  async resume(): Promise<void> {
    if (this.#pauses.open) this.#events.emit({ type: "resume" });
    this.#pauses.end(this.#events.lastT);
    await this.#durable();
  }

  /** Ends all tracks and the capture, durably. A repeat waits for the first. @throws when the disk refuses */
  async seal(reason: string): Promise<void> {
    if (this.#closed === undefined) {
      this.#tracks.endAll(reason);
      this.#tellLeftOut();
      this.#events.emit({ type: "captureStop", reason });
    }
    await this.#close();
  }

  /** Makes everything durable and closes the files without sealing, so that `recover` can continue. */
  async suspend(): Promise<void> {
    if (this.#closed === undefined) {
      this.#tellLeftOut();
      this.#events.emit(this.#alive());
    }
    await this.#close();
  }

  /** Makes the log so far durable. */
  async #durable(): Promise<void> {
    await this.#flush();
    await this.#events.sync();
    if (this.#failure) throw this.#failure;
  }

  #close(): Promise<void> {
    this.#events.end();
    this.#closed ??= this.#shut();
    return this.#closed;
  }

  async #shut(): Promise<void> {
    this.#stopping.abort();
    await this.#pump;
    await this.#syncing;
    await this.#flush();
    await this.#tracks.close();
    // The log is last: a sealed capture never promises media that is not on the disk.
    await this.#events.close();
    await syncFolder(this.#dir);
    if (this.#failure) throw this.#failure;
  }

  /** The last sign of life before a gap, and the size so far. */
  #alive(): Unstamped {
    return { type: "alive", bytes: this.bytes, ...this.#uptime() };
  }

  #tellLeftOut(): void {
    for (const { what, count } of this.#leftOut.rest())
      this.#events.emit({ type: "leftOut", ...what, count });
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#clock.sleep(flushEveryMs, signal);
      if (!signal.aborted) this.#tick(this.#time.now());
    }
  }

  #tick(now: number): void {
    if (now - this.#aliveAt >= aliveEveryMs) {
      this.#aliveAt = now;
      this.#events.emit(this.#alive());
    }
    void this.#flush();
    if (this.#syncing || now - this.#syncedAt < syncEveryMs) return;
    this.#syncedAt = now;
    this.#syncing = this.#sync().finally(() => {
      this.#syncing = undefined;
    });
  }

  /** Hands the media to the operating system, then the events until now. */
  #flush(): Promise<void> {
    return this.#events.flush(this.#tracks.flush());
  }

  async #sync(): Promise<void> {
    await this.#tracks.sync();
    await this.#events.sync();
  }

  /** What it says can be found out from the track itself: without it a capture is whole. */
  #index(trackId: string): AppendFile {
    const name = trackIndexName(trackId);
    return new AppendFile(join(this.#dir, name), "wx", (error) =>
      this.#log.warn({ err: error, file: name, dir: this.#dir }, "track index not written"),
    );
  }

  #file(name: string, flags: "wx" | "a"): AppendFile {
    return new AppendFile(join(this.#dir, name), flags, (error) => this.#fail(error, name));
  }

  #fail(error: Error, file: string): void {
    this.#log.error({ err: error, file, dir: this.#dir }, "capture write failed");
    if (this.#failure) return;
    this.#failure = error;
    for (const listener of this.#listeners) listener(error);
  }
}
