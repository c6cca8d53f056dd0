import { rm, rmdir } from "node:fs/promises";
import { dirname } from "node:path";
import { errorCode } from "../../core/errorCode.ts";
import { AppError } from "../../core/errors.ts";
import { CaptureSealedError } from "../../media/format/log/captureFolder.ts";
import { CaptureWriter } from "../../media/format/write/captureWriter.ts";
import { AbandonedCaptureError, attempted, mostAttempts } from "../contract/attempts.ts";
import type { CaptureRequest } from "../contract/operations.ts";
import type { CaptureCounters, CaptureState } from "../contract/protocol.ts";
import type { CaptureTarget } from "../contract/unsealed.ts";
import { captureFolder, checkId, unsealedCaptures } from "../contract/unsealed.ts";
import type { PublishSession } from "../publish/publishSession.ts";
import type { CapturesDeps, CapturesOptions } from "./capturesOptions.ts";
import { DiskWatch } from "./diskWatch.ts";
import { FolderSealer } from "./folderSealer.ts";
import { openCapture } from "./openCapture.ts";
import { type MediaOf, RoomCapture } from "./roomCapture.ts";

/** A room as its capture needs it. */
export interface CapturedRoom {
  readonly publishing: PublishSession[];
  /** The running one, with which the room stays. */
  capture: Pick<RoomCapture, "attach" | "detach" | "notice"> | undefined;
  /** What a person says of their camera or screen. */
  mediaOf: MediaOf;
}

interface Entry {
  target: CaptureTarget;
  /** Absent while it is created. */
  capture?: RoomCapture;
  /** Settles when the capture is closed; set once it is ending. */
  ending?: Promise<void>;
}

/** The running captures, at most one a room. They end by stop, by their own limits, or when the disk runs full. */
export class Captures {
  #options: CapturesOptions;
  #deps: CapturesDeps;
  #roomOf: (roomId: string) => CapturedRoom;
  #disk: DiskWatch;
  #entries = new Map<string, Entry>();
  #starting = new Map<string, Promise<CaptureState>>();
  #recovered: Promise<void> = Promise.resolve();
  #sealer: FolderSealer;
  #past = { capturedBytes: 0, refusedFrames: 0, unstoredMs: 0 };

  /** `roomOf` opens the room when nobody is there. */
  constructor(
    options: CapturesOptions,
    deps: CapturesDeps,
    roomOf: (roomId: string) => CapturedRoom,
  ) {
    this.#options = options;
    this.#deps = deps;
    this.#roomOf = roomOf;
    this.#sealer = new FolderSealer(deps);
    this.#disk = new DiskWatch({ ...deps, floorBytes: options.diskFloorBytes });
  }

  get size(): number {
    return this.#entries.size;
  }

  get counters(): CaptureCounters {
    const open = [...this.#entries.values()].flatMap(({ capture }) => (capture ? [capture] : []));
    return {
      captures: open.length,
      capturedBytes: open.reduce((sum, { bytes }) => sum + bytes, this.#past.capturedBytes),
      queuedBytes: open.reduce((sum, { queuedBytes }) => sum + queuedBytes, 0),
      refusedFrames: open.reduce(
        (sum, { refusedFrames }) => sum + refusedFrames,
        this.#past.refusedFrames,
      ),
      unstoredMs: open.reduce((sum, { unstoredMs }) => sum + unstoredMs, this.#past.unstoredMs),
    };
  }

  /** Resolves once what a dead process left is continued. */
  get ready(): Promise<void> {
    return this.#recovered;
  }

  /** Continues what a dead process left unsealed, paused where it was. Calls below wait for it. */
  recover(): Promise<void> {
    this.#recovered = this.#recoverAll();
    return this.#recovered;
  }

  /**
   * Captures a room from now on; resolves once the start is durable. A repeat finds the running or the finished
   * capture.
   * @throws AppError VALIDATION_ERROR (id), CONFLICT when another capture of the room runs, STREAM_ERROR without disk space
   */
  async start(request: CaptureRequest): Promise<CaptureState> {
    checkId(request.recordingId);
    await this.#recovered;
    const known = this.#starting.get(request.recordingId);
    if (known !== undefined) return known;
    const starting = this.#start(request).finally(() => this.#starting.delete(request.recordingId));
    this.#starting.set(request.recordingId, starting);
    return starting;
  }

  /** Seals a capture; `finishing` when the disk refuses for now. A repeat, also after a crash, converges. */
  async stop(recordingId: string, reason: string): Promise<CaptureState> {
    checkId(recordingId);
    await this.#recovered;
    await this.#starting.get(recordingId)?.catch(() => undefined);
    const entry = this.#entries.get(recordingId);
    if (entry) await Promise.race([this.#end(entry, reason), this.#deps.clock.sleep(1000)]);
    else await this.#sealer.seal(captureFolder(this.#options.recordingsDir, recordingId), reason);
    return this.#state(recordingId);
  }

  /** Nothing of the room is captured until `resume`; answers once that is durable. A repeat changes nothing. */
  pause(recordingId: string): Promise<CaptureState> {
    return this.#switch(recordingId, (capture) => capture.pause());
  }

  /** Captures again, from a keyframe of everybody; answers once that is durable. A repeat changes nothing. */
  resume(recordingId: string): Promise<CaptureState> {
    return this.#switch(recordingId, (capture) =>
      capture.resume(this.#roomOf(capture.target.roomId).publishing),
    );
  }

  async state(recordingId: string): Promise<CaptureState> {
    checkId(recordingId);
    await this.#recovered;
    return this.#state(recordingId);
  }

  /** Deletes a closed capture. @throws AppError VALIDATION_ERROR (id), CONFLICT while it is open */
  async remove(recordingId: string): Promise<void> {
    checkId(recordingId);
    await this.#recovered;
    if (this.#entries.has(recordingId))
      throw new AppError("CONFLICT", "The capture is still open.");
    const dir = captureFolder(this.#options.recordingsDir, recordingId);
    await rm(dir, { recursive: true, force: true });
    // Others may keep something of this recording beside it.
    await rmdir(dirname(dir)).catch(() => undefined);
  }

  /** Seals the running capture of a room. */
  async closeRoom(roomId: string): Promise<void> {
    await this.#recovered;
    for (const entry of this.#of(roomId)) {
      // What is being created could not be sealed yet.
      await this.#starting.get(entry.target.recordingId)?.catch(() => undefined);
      await this.#end(entry, "room_closed");
    }
  }

  /** Enforces durations and disk space; to be called every few ten ms. */
  tick(now: number): void {
    for (const entry of this.#entries.values()) {
      entry.capture?.tick();
      if (entry.capture && !entry.ending && this.#overdue(entry.capture))
        this.#endSoon(entry, "max_duration");
    }
    if (this.#entries.size > 0)
      void this.#disk.check(now, {
        full: () => this.#endAllSoon("disk_full"),
        left: (bytes) => this.#endGreedy(bytes),
      });
  }

  /** Makes everything durable and leaves open captures to the next process. */
  async suspend(): Promise<void> {
    this.#sealer.close();
    await this.#recovered;
    await Promise.allSettled(this.#starting.values());
    const open = [...this.#entries.values()];
    await Promise.allSettled(open.map(({ capture, ending }) => ending ?? capture?.suspend()));
  }

  async #start(request: CaptureRequest): Promise<CaptureState> {
    const { recordingId, roomId } = request;
    if (this.#entries.has(recordingId)) return this.#state(recordingId);
    if (this.#of(roomId).some(({ ending }) => !ending)) {
      throw new AppError("CONFLICT", "Another recording of this room is running.", {
        reason: "room_is_recorded",
      });
    }
    const dir = captureFolder(this.#options.recordingsDir, recordingId);
    const entry: Entry = { target: { ...request, dir } };
    this.#entries.set(recordingId, entry);
    try {
      await this.#disk.admit();
      this.#begin(entry, await openCapture(entry.target, this.#deps));
      return this.#state(recordingId);
    } catch (error) {
      this.#entries.delete(recordingId);
      if (error instanceof CaptureSealedError) return { status: "closed" };
      throw error;
    }
  }

  #begin(entry: Entry, writer: CaptureWriter): void {
    const { target } = entry;
    const { now } = this.#deps;
    const room = this.#roomOf(target.roomId);
    const capture = new RoomCapture(target, writer, { now, mediaOf: room.mediaOf });
    entry.capture = room.capture = capture;
    writer.onFailure((error) => {
      this.#deps.log.error(
        { err: error, recordingId: target.recordingId },
        "a capture cannot be written",
      );
      this.#endSoon(entry, isFull(error) ? "disk_full" : "write_failed");
    });
    for (const session of room.publishing) capture.attach(session);
  }

  async #switch(
    recordingId: string,
    work: (capture: RoomCapture) => Promise<void>,
  ): Promise<CaptureState> {
    checkId(recordingId);
    await this.#recovered;
    await this.#starting.get(recordingId)?.catch(() => undefined);
    const entry = this.#entries.get(recordingId);
    if (!entry?.capture || entry.ending !== undefined) return this.#state(recordingId);
    try {
      await work(entry.capture);
    } catch (error) {
      // A disk that refuses has ended the capture: that is the answer.
      if (entry.ending === undefined) throw error;
    }
    return this.#state(recordingId);
  }

  #end(entry: Entry, reason: string): Promise<void> {
    const room = this.#roomOf(entry.target.roomId);
    if (room.capture === entry.capture) room.capture = undefined;
    entry.ending ??= this.#seal(entry, reason);
    return entry.ending;
  }

  #endSoon(entry: Entry, reason: string): void {
    this.#end(entry, reason).catch((error: unknown) => {
      this.#deps.log.error(
        { err: error, recordingId: entry.target.recordingId },
        "a capture could not be sealed",
      );
    });
  }

  #endAllSoon(reason: string): void {
    for (const entry of this.#entries.values()) if (entry.capture) this.#endSoon(entry, reason);
  }

  async #seal(entry: Entry, reason: string): Promise<void> {
    const { recordingId, dir } = entry.target;
    try {
      const { capture } = entry;
      if (capture) await attempted(dir, mostAttempts.seal, () => capture.seal(reason));
    } catch (error) {
      this.#deps.log.error(
        { err: error, recordingId },
        "sealing failed, tried again until it succeeds",
      );
      await this.#sealer.salvage(dir, reason);
    }
    this.#past.capturedBytes += entry.capture?.bytes ?? 0;
    this.#past.refusedFrames += entry.capture?.refusedFrames ?? 0;
    this.#past.unstoredMs += entry.capture?.unstoredMs ?? 0;
    this.#entries.delete(recordingId);
    this.#deps.log.info({ recordingId, reason }, "capture sealed");
  }

  /** No recording may take what the others need: `left` is what all may still take, bytes. */
  #endGreedy(left: number): void {
    for (const entry of this.#entries.values()) {
      const { capture, ending } = entry;
      if (!capture || ending) continue;
      const bytes = capture.diskBytes;
      if (bytes <= ((left + bytes) * this.#options.diskShare) / 100) continue;
      const { recordingId } = entry.target;
      this.#deps.log.warn(
        { recordingId, bytes, left },
        "a recording has had its share of the disk",
      );
      this.#endSoon(entry, "disk_share");
    }
  }

  #state(recordingId: string): CaptureState {
    const entry = this.#entries.get(recordingId);
    if (!entry) return { status: "closed" };
    if (entry.ending || !entry.capture) return { status: "finishing" };
    const { startedAt, pausedAt, pauses } = entry.capture;
    const paused = pausedAt === undefined ? {} : { pausedAt };
    return { status: "recording", startedAt, pauses, ...paused };
  }

  async #recoverAll(): Promise<void> {
    const targets = await unsealedCaptures(this.#options.recordingsDir);
    await Promise.all(targets.map((target) => this.#recoverOne(target)));
  }

  async #recoverOne(target: CaptureTarget): Promise<void> {
    const { recordingId } = target;
    try {
      const goOn = () => CaptureWriter.recover(target.dir, this.#deps);
      const writer = await attempted(target.dir, mostAttempts.goOn, goOn);
      const entry: Entry = { target };
      this.#entries.set(recordingId, entry);
      this.#begin(entry, writer);
      this.#deps.log.info({ recordingId, dir: dirname(target.dir) }, "capture continued");
    } catch (error) {
      this.#deps.log.error({ err: error, recordingId }, "a capture could not be continued");
      // What there is of it is kept.
      if (error instanceof AbandonedCaptureError) this.#sealer.sealSoon(target);
    }
  }

  #overdue({ ageMs, target }: RoomCapture): boolean {
    return ageMs >= target.maxDurationMs;
  }

  #of(roomId: string): Entry[] {
    return [...this.#entries.values()].filter(({ target }) => target.roomId === roomId);
  }
}

const isFull = (error: unknown): boolean =>
  errorCode(error) === "ENOSPC" || errorCode(error) === "EDQUOT";
