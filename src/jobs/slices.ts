import { readdir, rm } from "node:fs/promises";
import path from "node:path";
import type { RecordingConfig } from "../core/recording.ts";
import type { RunningSlices, SliceSource } from "../media/compose/protocol.ts";
import { configOf, type Recording, refOf } from "../recordings/recording.ts";
import {
  claimSlices,
  listNeedingSlices,
  listSliceable,
} from "../recordings/renditions/sliceLeases.ts";
import type { RecordingServices } from "../recordings/services.ts";
import { type Loop, startLoop } from "./loop.ts";

export interface SliceDeps {
  services: RecordingServices;
  slices: RunningSlices;
  /** Folder for files in the making. */
  workDir: string;
  /** Share of the cores that other work has taken since the last call, 0..1. */
  load(): number;
}

/** Capture comes first: no slice is begun while other work takes more of the cores than this. */
const busyShare = 0.75;
const leaseMs = 8_000;
const renewMs = 2_000;
const tickMs = 1_000;
/** A slice that failed is not tried again before, ms. */
const pauseAfterFailureMs = 10_000;
const sweepMs = 60_000;

/** Folder of a recording's slices for one look. */
export function sliceFolder(workDir: string, recordingId: string, config: RecordingConfig): string {
  const { audioOnly, layout, quality } = config;
  return path.join(workDir, recordingId, audioOnly ? "sound" : `${layout}-${quality}`);
}

/** Composes what is settled of running recordings, and removes slices nobody needs; one on a node. */
export function startSliceLoop(deps: SliceDeps): Loop {
  const { clock, log } = deps.services;
  const worker = new SliceWorker(deps);
  const loop = startLoop({
    name: "slices",
    idleMs: tickMs,
    clock,
    log,
    work: async () => {
      await worker.poll();
      return false;
    },
  });
  return {
    wake: () => loop.wake(),
    stop: async () => {
      await loop.stop();
      await worker.stop();
    },
  };
}

interface Effort {
  /** Slices being composed. */
  running: Set<Promise<void>>;
  renewedAt: number;
  abort: AbortController;
  /** Nothing is begun before. */
  notBefore: number;
}

class SliceWorker {
  #deps: SliceDeps;
  #owner: string;
  #efforts = new Map<string, Effort>();
  #captures = new Map<string, string>();
  #sweptAt = Number.NEGATIVE_INFINITY;

  constructor(deps: SliceDeps) {
    this.#deps = deps;
    this.#owner = `${deps.services.nodeId}/slices`;
  }

  async poll(): Promise<void> {
    const { db, clock, siteId } = this.#deps.services;
    const busy = this.#deps.load() > busyShare;
    const recordings = await db.read((tx) => listSliceable(tx, this.#owner, siteId));
    await this.#renew();
    // One whose capture cannot be read holds up no other.
    for (const recording of busy ? [] : recordings)
      await this.#begin(recording).catch((error: unknown) =>
        this.#failed(recording, this.#effortFor(recording.id), error),
      );
    if (clock.now() - this.#sweptAt < sweepMs) return;
    this.#sweptAt = clock.now();
    await this.#sweep();
  }

  async stop(): Promise<void> {
    const running = [...this.#efforts.values()].flatMap(({ abort, running: work }) => {
      abort.abort();
      return [...work];
    });
    await Promise.allSettled(running);
  }

  /** A lost lease ends what was begun under it. */
  async #renew(): Promise<void> {
    const { clock } = this.#deps.services;
    for (const [id, effort] of this.#efforts) {
      if (effort.running.size === 0) continue;
      if (clock.now() - effort.renewedAt >= renewMs && !(await this.#claim(id, effort)))
        effort.abort.abort();
    }
  }

  async #begin(recording: Recording): Promise<void> {
    const { slices, services } = this.#deps;
    const source = await this.#source(recording);
    const effort = this.#effortFor(recording.id);
    if (!source || services.clock.now() < effort.notBefore) return;
    for (;;) {
      const compose = await slices.next(source);
      if (!compose || !(await this.#claim(recording.id, effort))) return;
      const work: Promise<void> = compose(effort.abort.signal)
        .catch((error: unknown) => this.#failed(recording, effort, error))
        .finally(() => effort.running.delete(work));
      effort.running.add(work);
    }
  }

  #failed({ id: recordingId }: Recording, effort: Effort, error: unknown): void {
    const { clock, log } = this.#deps.services;
    effort.notBefore = clock.now() + pauseAfterFailureMs;
    if (effort.abort.signal.aborted) this.#efforts.delete(recordingId);
    else log.warn({ err: error, recordingId }, "a slice was not composed; later or after the stop");
  }

  async #claim(id: string, effort: Effort): Promise<boolean> {
    const { db, clock } = this.#deps.services;
    effort.renewedAt = clock.now();
    return db.transaction((tx) => claimSlices(tx, id, this.#owner, leaseMs));
  }

  #effortFor(id: string): Effort {
    const known = this.#efforts.get(id);
    if (known) return known;
    const effort = {
      ...{ running: new Set<Promise<void>>(), renewedAt: 0, notBefore: 0 },
      abort: new AbortController(),
    };
    this.#efforts.set(id, effort);
    return effort;
  }

  /** Undefined where the capture is on another machine, or the recorder is away. */
  async #source(recording: Recording): Promise<SliceSource | undefined> {
    const { video } = this.#deps.services;
    const { id } = recording;
    if (!this.#captures.has(id)) {
      const state = await video.recordingState(refOf(recording)).catch(() => undefined);
      const captureDir = state?.status === "recording" ? state.captureDir : undefined;
      if (captureDir === undefined) return undefined;
      this.#captures.set(id, captureDir);
    }
    const config = configOf(recording);
    const folder = sliceFolder(this.#deps.workDir, id, config);
    return { captureDir: this.#captures.get(id) ?? "", folder, ...config };
  }

  async #sweep(): Promise<void> {
    const { workDir, services } = this.#deps;
    const entries = await readdir(workDir, { withFileTypes: true }).catch(() => []);
    const ids = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    if (ids.length === 0) return;
    const needed = await services.db.read((tx) => listNeedingSlices(tx, ids));
    for (const id of ids.filter((one) => !needed.has(one))) {
      this.#captures.delete(id);
      this.#efforts.delete(id);
      await rm(path.join(workDir, id), { recursive: true, force: true });
    }
  }
}
