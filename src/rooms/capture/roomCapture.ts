import type { MediaSource } from "../../core/media.ts";
import type { RecordingPause } from "../../core/recording.ts";
import type { PublishedMedia } from "../../media/format/write/captured.ts";
import type { CaptureWriter } from "../../media/format/write/captureWriter.ts";
import type { CaptureTarget } from "../contract/unsealed.ts";
import type { PublishSession } from "../publish/publishSession.ts";
import { TrackTap } from "./trackTap.ts";

/** Video frames are given up from this backlog on, audio only far beyond it, bytes. */
const backlog = { video: 32 * 1024 * 1024, audio: 64 * 1024 * 1024 } as const;

/** What a capture sees of a publisher. */
export type CaptureSource = Pick<PublishSession, "id" | "user" | "source" | "receivers">;

/** What a person in a room says of their camera or screen. */
export type MediaOf = (userId: string, source: MediaSource) => PublishedMedia;

/** What everybody in a room is told of its recording. */
export interface RoomRecording {
  recordingId: string;
  /** Epoch ms. */
  startedAt: number;
  paused: boolean;
  /** Since when it is paused, epoch ms; null while it is not. */
  pausedAt: number | null;
  /** Of the pauses that are over, ms. */
  pausedMs: number;
}

interface Tapped {
  session: CaptureSource;
  taps: TrackTap[];
  /** What its publisher said of it when it was last noted, and when that was, monotonic ms. */
  said: PublishedMedia | undefined;
  saidAt: number;
}

/** Who says otherwise more often is noted now and then, ms. */
const noteMediaEveryMs = 250;

/** One running capture of a room: taps whoever publishes there. */
export class RoomCapture {
  readonly target: CaptureTarget;
  /** Video frames given up because the disk could not follow. */
  refusedFrames = 0;
  /** Of tracks that are over: media received and not stored, ms. */
  unstoredMs = 0;
  #writer: CaptureWriter;
  #now: () => number;
  #tapped = new Map<string, Tapped>();
  #mediaOf: MediaOf;
  #queuedBytes = 0;

  /** `now` is monotonic, ms. */
  constructor(
    target: CaptureTarget,
    writer: CaptureWriter,
    { now, mediaOf }: { now: () => number; mediaOf: MediaOf },
  ) {
    this.target = target;
    this.#writer = writer;
    this.#now = now;
    this.#mediaOf = mediaOf;
  }

  /** Epoch ms. */
  get startedAt(): number {
    return this.#writer.startedAt;
  }

  /** How long it has been running, pauses included, ms. */
  get ageMs(): number {
    return this.#writer.ageMs;
  }

  get bytes(): number {
    return this.#writer.bytes;
  }

  /** Of all its files, also those of processes before this one. */
  get diskBytes(): number {
    return this.#writer.diskBytes;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Since when nothing is captured, epoch ms. */
  get pausedAt(): number | undefined {
    return this.#writer.pausedAt;
  }

  /** The pauses that are over. */
  get pauses(): RecordingPause[] {
    return this.#writer.pauses;
  }

  /** What everybody in the room is told of it. */
  get notice(): RoomRecording {
    const { startedAt, pausedAt, pauses, target } = this;
    return {
      ...{ recordingId: target.recordingId, startedAt },
      ...{ paused: pausedAt !== undefined, pausedAt: pausedAt ?? null },
      pausedMs: pauses.reduce((sum, { durationMs }) => sum + durationMs, 0),
    };
  }

  /** Captures nothing from now on; resolves once that is durable. A repeat changes nothing. @throws when the disk refuses */
  async pause(): Promise<void> {
    this.#untapAll("paused");
    await this.#writer.pause();
  }

  /** Captures `sessions` from now on, from a keyframe of each; resolves once that is durable. @throws when the disk refuses */
  async resume(sessions: readonly CaptureSource[]): Promise<void> {
    const durable = this.#writer.resume();
    for (const session of sessions) this.attach(session);
    await durable;
  }

  /** Taps all tracks of a session, present and future; not in a pause, which `resume` ends. */
  attach(session: CaptureSource): void {
    if (this.pausedAt !== undefined || this.#tapped.has(session.id)) return;
    const { id, name } = session.user;
    if (!this.#writer.admit(id, session.receivers.length)) {
      this.#leaveOut(session);
      return;
    }
    this.#writer.participant(id, name);
    const taps = session.receivers.map((receiver) => {
      const tap = new TrackTap({
        writer: this.#writer,
        participantId: id,
        source: session.source,
        receiver,
        isOn: () => this.#mediaOf(id, session.source)[receiver.line.kind],
        overloaded: (kind) => this.#queuedBytes > backlog[kind],
        onRefused: () => this.refusedFrames++,
        now: this.#now,
      });
      receiver.tap(tap, this.#now());
      return tap;
    });
    const tapped = { session, taps, said: undefined, saidAt: Number.NEGATIVE_INFINITY };
    this.#tapped.set(session.id, tapped);
    this.#noteMedia(tapped);
  }

  /** `left`: the person is gone, not only the session. */
  detach(session: CaptureSource, reason: string, left: boolean): void {
    const tapped = this.#tapped.get(session.id);
    if (!tapped) return;
    this.#untap(tapped, reason);
    if (left) this.#writer.leave(session.user.id, reason);
  }

  tick(): void {
    this.#queuedBytes = this.#writer.queuedBytes;
    for (const tapped of this.#tapped.values()) {
      for (const tap of tapped.taps) tap.tick();
      this.#noteMedia(tapped);
    }
  }

  /** Ends the capture durably. @throws when the disk refuses */
  async seal(reason: string): Promise<void> {
    this.#untapAll(reason);
    await this.#writer.seal(reason);
  }

  /** Makes everything durable and leaves the capture open for the next process. */
  async suspend(): Promise<void> {
    this.#untapAll("suspended");
    await this.#writer.suspend();
  }

  /** Its person has had so many tracks that no further are opened. */
  #leaveOut({ user, source, receivers }: CaptureSource): void {
    for (const { line } of receivers) {
      const what = { participant: user.id, source, kind: line.kind, reason: "tracks" } as const;
      this.#writer.leftOut(what, 1);
    }
  }

  #noteMedia(tapped: Tapped): void {
    const { session, said, saidAt } = tapped;
    const now = this.#now();
    const says = this.#mediaOf(session.user.id, session.source);
    const isSame = said?.audio === says.audio && said.video === says.video;
    if (isSame || now - saidAt < noteMediaEveryMs) return;
    this.#writer.media(session.user.id, says);
    tapped.said = says;
    tapped.saidAt = now;
  }

  #untapAll(reason: string): void {
    for (const tapped of [...this.#tapped.values()]) this.#untap(tapped, reason);
  }

  #untap({ session, taps }: Tapped, reason: string): void {
    for (const receiver of session.receivers) receiver.untap();
    for (const tap of taps) this.unstoredMs += tap.end(reason);
    this.#tapped.delete(session.id);
  }
}
