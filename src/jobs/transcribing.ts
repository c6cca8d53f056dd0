import { rm } from "node:fs/promises";
import path from "node:path";
import type { Heard, RecordingToHear, UnheardTrack } from "../media/transcribe/protocol.ts";
import type { RecordingServices } from "../recordings/services.ts";
import { copyFromStore } from "../transcripts/heardFile.ts";
import {
  beginHearing,
  claimHearing,
  endHearing,
  type Hearing,
  keepHeard,
  postponeHearing,
  renewHearing,
  type Worker,
} from "../transcripts/hearing.ts";
import { type Loop, startLoop } from "./loop.ts";

export interface TranscribingDeps {
  services: Pick<
    RecordingServices,
    | ("db" | "clock" | "log" | "nodeId" | "siteId" | "copies")
    | ("storage" | "config" | "freeDiskBytes")
  >;
  /**
   * Listens to a recording until its capture is sealed and all was heard, or until the signal.
   * @returns tracks that could not be heard
   * @throws when that breaks off
   */
  listen(
    recording: RecordingToHear,
    onHeard: (heard: Heard) => Promise<void>,
    signal: AbortSignal,
  ): Promise<UnheardTrack[]>;
  /** Folder of a recording's capture. */
  captureDir(recordingId: string): string;
  /** Folder of files that are listened to. */
  workDir: string;
}

/** Recordings listened to at a time; what ended is heard many times faster than it was said. */
const parallel = 16;
const idleMs = 1_000;
const leaseMs = 15_000;
const renewMs = 4_000;
/** Failures in a row after which nobody listens any more. */
const mostAttempts = 6;
const firstPauseMs = 2_000;
const restoringMs = 5_000;

/** Writes down what is said in recordings of this site, while they run and after; one on a node. */
export function startTranscribingLoop(deps: TranscribingDeps): Loop {
  const { clock, log } = deps.services;
  const transcribing = new Transcribing(deps);
  const loop = startLoop({
    ...{ name: "transcribing", idleMs, clock, log },
    work: () => transcribing.poll(),
  });
  return {
    wake: () => loop.wake(),
    stop: async () => {
      await loop.stop();
      await transcribing.stop();
    },
  };
}

interface Effort {
  abort: AbortController;
  renewedAt: number;
  work: Promise<void>;
}

class Transcribing {
  readonly #deps: TranscribingDeps;
  readonly #worker: Worker;
  readonly #efforts = new Map<Hearing, Effort>();
  /** What killed servers left is removed; another that still runs goes on with what it has opened, or tries again. */
  #isSwept = false;

  constructor(deps: TranscribingDeps) {
    const { nodeId, siteId, copies } = deps.services;
    this.#deps = deps;
    this.#worker = { owner: `${nodeId}/speech`, siteId, fetches: copies.fetches };
  }

  async poll(): Promise<boolean> {
    const { db } = this.#deps.services;
    if (!this.#isSwept) await rm(this.#deps.workDir, { recursive: true, force: true });
    this.#isSwept = true;
    await this.#renew();
    if (this.#efforts.size >= parallel) return false;
    const hearing = await db.transaction(async (tx) => {
      await beginHearing(tx);
      const heard = [...this.#efforts.keys()].map(({ recordingId }) => recordingId);
      return claimHearing(tx, this.#worker, leaseMs, heard);
    });
    if (!hearing) return false;
    const abort = new AbortController();
    const effort = { abort, renewedAt: this.#deps.services.clock.now(), work: Promise.resolve() };
    this.#efforts.set(hearing, effort);
    effort.work = this.#hear(hearing, abort.signal).finally(() => this.#efforts.delete(hearing));
    return true;
  }

  async stop(): Promise<void> {
    const efforts = [...this.#efforts.values()];
    for (const { abort } of efforts) abort.abort();
    await Promise.allSettled(efforts.map(({ work }) => work));
  }

  async #renew(): Promise<void> {
    const { db, clock } = this.#deps.services;
    const { owner } = this.#worker;
    for (const [hearing, effort] of this.#efforts) {
      if (clock.now() - effort.renewedAt < renewMs) continue;
      effort.renewedAt = clock.now();
      const isOurs = await db.transaction((tx) => renewHearing(tx, hearing, owner, leaseMs));
      if (!isOurs) effort.abort.abort();
    }
  }

  async #hear(hearing: Hearing, signal: AbortSignal): Promise<void> {
    const { services, listen } = this.#deps;
    const { owner } = this.#worker;
    let heardAnything = false;
    try {
      const recording = await this.#source(hearing, signal);
      if (!recording) return;
      const keep = async (heard: Heard) => {
        await services.db.transaction((tx) => keepHeard(tx, hearing, owner, heard));
        heardAnything = true;
      };
      const unheard = await listen(recording, keep, signal);
      if (signal.aborted) await this.#postpone(hearing, "the server stopped", 0);
      else await this.#finish(hearing, unheard);
    } catch (error) {
      await this.#failed(heardAnything ? { ...hearing, attempts: 0 } : hearing, error);
    } finally {
      await rm(this.#copyOf(hearing), { force: true });
    }
  }

  /** @returns undefined where it was postponed, since what was captured is not here @throws Error where it cannot be fetched */
  async #source(hearing: Hearing, signal: AbortSignal): Promise<RecordingToHear | undefined> {
    const { services, captureDir } = this.#deps;
    const { recordingId, heard, file } = hearing;
    if (file) {
      const target = this.#copyOf(hearing);
      await copyFromStore(services, file, target, signal);
      return { recordingId, heard, file: target, startedAt: file.startedAt };
    }
    const copy = await services.copies.hold(recordingId, { restore: true });
    if (copy.kind === "failed") throw new Error(`the capture could not be fetched: ${copy.reason}`);
    if (copy.kind === "here") return { recordingId, heard, captureDir: captureDir(recordingId) };
    await this.#postpone(hearing, `the capture is ${copy.kind}`, restoringMs);
    return undefined;
  }

  #copyOf({ recordingId }: Hearing): string {
    const { services, workDir } = this.#deps;
    return path.join(workDir, `${recordingId}-${services.nodeId}`);
  }

  /** Tracks that cannot be read are told of; all others were heard. */
  async #finish(hearing: Hearing, unheard: UnheardTrack[]): Promise<void> {
    const { db, log } = this.#deps.services;
    const { recordingId } = hearing;
    if (unheard.length > 0) log.warn({ recordingId, unheard }, "tracks could not be heard");
    const error = unheard.map(({ trackId, reason }) => `${trackId}: ${reason}`).join("; ");
    await db.transaction((tx) =>
      endHearing(tx, hearing, this.#worker.owner, { state: "finished", error }),
    );
  }

  async #failed(hearing: Hearing, error: unknown): Promise<void> {
    const { services } = this.#deps;
    const { recordingId } = hearing;
    const attempts = hearing.attempts + 1;
    const reason = error instanceof Error ? error.message : String(error);
    services.log.warn(
      { err: error, recordingId, attempts },
      "a recording was not heard to its end",
    );
    try {
      if (attempts < mostAttempts)
        await this.#postpone({ ...hearing, attempts }, reason, firstPauseMs * 2 ** attempts);
      else
        await services.db.transaction((tx) =>
          endHearing(tx, hearing, this.#worker.owner, { state: "failed", error: reason }),
        );
    } catch (failure) {
      // Its lease runs out.
      services.log.warn({ err: failure, recordingId }, "a recording's hearing was not postponed");
    }
  }

  async #postpone(hearing: Hearing, error: string, ms: number): Promise<void> {
    await this.#deps.services.db.transaction((tx) =>
      postponeHearing(tx, hearing, this.#worker.owner, { error, ms }),
    );
  }
}
