import { mkdir, readdir, rm } from "node:fs/promises";
import path from "node:path";
import { captureLog } from "../format/log/captureLog.ts";
import { loadTimeline } from "../format/timeline/timeline.ts";
import { settleMs } from "../format/timeline/trackPlace.ts";
import {
  ComposeFailure,
  type ComposeOptions,
  type ComposeOutcome,
  compose,
  runComposeTask,
  withSkipped,
} from "./composer.ts";
import type {
  ComposeJob,
  ComposeTask,
  ProbeFinding,
  RunningSlices,
  SkippedTrack,
  SliceJob,
  SliceSource,
} from "./protocol.ts";
import {
  dueSlices,
  frameCount,
  type Slice,
  sliceLength,
  sliceName,
  sliceOfName,
  wholePlan,
} from "./slicePlan.ts";

export interface SliceComposerOptions extends Pick<ComposeOptions, "entry" | "log" | "env"> {
  /** Slices composed at once, over all recordings. */
  parallel: number;
  /** Carries a task out; a child process unless given. */
  run?: (task: ComposeTask, options: ComposeOptions) => Promise<ComposeOutcome>;
}

export interface WholeOptions {
  signal: AbortSignal;
  onProgress(progress: { done: number; etaMs: number }): void;
}

interface Effort {
  signal: AbortSignal;
  onProgress?: (done: number) => void;
  threads?: number;
}

/** A slice that failed once may only have been unlucky. */
const attempts = 2;
/** Share of the progress that joining is. */
const joinShare = 0.03;

/** Composes slices, several at a time and each only once, while a recording runs and after it has ended. */
export class SliceComposer implements RunningSlices {
  readonly parallel: number;
  #options: SliceComposerOptions;
  #run: (task: ComposeTask, options: ComposeOptions) => Promise<ComposeOutcome>;
  #underWay = new Map<string, Promise<ComposeOutcome>>();
  #free: number;
  #waiting: (() => void)[] = [];

  constructor(options: SliceComposerOptions) {
    this.#options = options;
    this.parallel = options.parallel;
    this.#free = options.parallel;
    this.#run = options.run ?? runComposeTask;
  }

  async next(source: SliceSource): Promise<((signal: AbortSignal) => Promise<void>) | undefined> {
    if (this.#underWay.size >= this.parallel) return undefined;
    const lengthMs = await captureLog(source.captureDir).lengthMs();
    const present = await slicesIn(source.folder);
    const length = sliceLength(source.audioOnly);
    const due = dueSlices(present, lengthMs - settleMs, length, 1 + this.#underWay.size);
    const slice = due.find((one) => !this.#underWay.has(fileOf(source, one)));
    if (!slice) return undefined;
    return async (signal) => {
      const { skipped } = await this.slice(source, slice, { signal });
      // Composed again at the end, where what is missing is told.
      if (skipped.length > 0) await rm(fileOf(source, slice), { force: true });
    };
  }

  /** Composes one slice, unless it is being composed already. @throws ComposeFailure, or why its folder cannot be made */
  async slice(source: SliceSource, slice: Slice, effort: Effort): Promise<ComposeOutcome> {
    const file = fileOf(source, slice);
    const known = this.#underWay.get(file);
    if (known !== undefined) return known;
    const work = this.#inTurn(() => this.#child(source, slice, file, effort));
    this.#underWay.set(file, work);
    try {
      return await work;
    } finally {
      this.#underWay.delete(file);
    }
  }

  /**
   * Composes a sealed capture from the slices in `job.sliceFolder` and those missing, and joins them; in one pass where
   * that fails or is not wanted.
   * @throws ComposeFailure; the slices stay
   */
  async compose(job: ComposeJob, options: WholeOptions): Promise<ProbeFinding> {
    const { entry, log, env } = this.#options;
    if (job.sliceFolder !== undefined)
      try {
        return await this.#whole(job, job.sliceFolder, options);
      } catch (error) {
        const { retryable = true } = error as { retryable?: boolean };
        if (options.signal.aborted || !retryable) throw error;
        const { captureDir } = job;
        log.warn({ err: error, captureDir }, "slices cannot be used; composing in one pass");
      }
    return compose(job, { entry, log, ...(env ? { env } : {}), ...options });
  }

  async #whole(
    job: ComposeJob,
    folder: string,
    { signal, onProgress }: WholeOptions,
  ): Promise<ProbeFinding> {
    const { durationMs, participants } = await loadTimeline(job.captureDir);
    if (participants.length === 0) throw new ComposeFailure("no_media", false);
    const source = { ...job, folder };
    const total = frameCount(durationMs);
    const present = await slicesIn(folder);
    const plan = wholePlan(present, total, sliceLength(job.audioOnly), this.parallel);
    const progress = new Progress(plan, total, onProgress);
    const skipped = await this.#missing(source, { plan, present, progress, signal });
    const { captureDir, output, quality, audioOnly } = job;
    if (skipped.length > 0) this.#options.log.warn({ skipped, captureDir }, "tracks left out");
    const slices = plan.map((slice) => fileOf(source, slice));
    const { probe } = await this.#run(
      { task: "join", output, quality, audioOnly, slices, durationMs },
      { ...this.#options, signal, onProgress: ({ done }) => progress.joined(done) },
    );
    if (!probe) throw new ComposeFailure("crashed: no result", true);
    return withSkipped(probe, skipped);
  }

  async #missing(
    source: SliceSource,
    {
      plan,
      present,
      progress,
      signal,
    }: { plan: Slice[]; present: Slice[]; progress: Progress; signal: AbortSignal },
  ): Promise<SkippedTrack[]> {
    const missing = plan.filter((slice) => !present.some((one) => sameSlice(one, slice)));
    for (const slice of plan) if (!missing.includes(slice)) progress.of(slice, 1);
    // With fewer slices than workers the encoder may use what is left.
    const threads = missing.length < this.parallel ? 0 : 1;
    const failed = new AbortController();
    const effort = { signal: AbortSignal.any([signal, failed.signal]), threads };
    const compose = async (slice: Slice) => {
      const onProgress = (done: number) => progress.of(slice, done);
      const outcome = await this.#persistently(source, slice, { ...effort, onProgress });
      progress.of(slice, 1);
      return outcome.skipped;
    };
    const work = missing.map((slice) =>
      compose(slice).catch((error: unknown) => {
        failed.abort();
        throw error;
      }),
    );
    // All of them end before anything else is tried.
    const settled = await Promise.allSettled(work);
    const fault = settled.find((one) => one.status === "rejected" && !isAborted(one.reason));
    const rejected = fault ?? settled.find((one) => one.status === "rejected");
    if (rejected?.status === "rejected") throw rejected.reason;
    const skipped = settled.flatMap((one) => (one.status === "fulfilled" ? one.value : []));
    return [...new Map(skipped.map((one) => [one.trackId, one])).values()];
  }

  async #persistently(source: SliceSource, slice: Slice, effort: Effort): Promise<ComposeOutcome> {
    for (let attempt = 1; ; attempt++)
      try {
        return await this.slice(source, slice, effort);
      } catch (error) {
        if (attempt >= attempts || effort.signal.aborted) throw error;
        this.#options.log.warn({ err: error, ...slice }, "a slice failed; once more");
      }
  }

  async #child(
    { captureDir, layout, quality, audioOnly, folder }: SliceSource,
    { fromFrame, toFrame, last }: Slice,
    output: string,
    { signal, onProgress, threads = 1 }: Effort,
  ): Promise<ComposeOutcome> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const job: SliceJob = {
      ...{ task: "slice", captureDir, output, layout, quality, audioOnly },
      ...{ fromFrame, toFrame, last, threads },
    };
    return this.#run(job, {
      ...this.#options,
      signal,
      ...(onProgress ? { onProgress: ({ done }) => onProgress(done) } : {}),
    });
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }
}

function fileOf({ folder }: SliceSource, slice: Slice): string {
  return path.join(folder, sliceName(slice));
}

function isAborted(error: unknown): boolean {
  return error instanceof ComposeFailure && error.reason === "aborted";
}

function sameSlice(a: Slice, b: Slice): boolean {
  return sliceName(a) === sliceName(b);
}

async function slicesIn(folder: string): Promise<Slice[]> {
  const names = await readdir(folder).catch(() => []);
  return names.flatMap((name) => sliceOfName(name) ?? []);
}

/** How much of a file is there, slices composed before included; what is left is estimated by the speed from now on. */
class Progress {
  #shares = new Map<string, number>();
  #total: number;
  #tell: (progress: { done: number; etaMs: number }) => void;
  #startedAt = performance.now();
  #doneAtStart: number | undefined;

  constructor(
    plan: Slice[],
    total: number,
    tell: (progress: { done: number; etaMs: number }) => void,
  ) {
    for (const slice of plan) this.#shares.set(sliceName(slice), 0);
    this.#total = total;
    this.#tell = tell;
  }

  of(slice: Slice, done: number): void {
    const frames = slice.toFrame - slice.fromFrame;
    const name = sliceName(slice);
    this.#shares.set(name, Math.max(this.#shares.get(name) ?? 0, frames * done));
    const sum = [...this.#shares.values()].reduce((all, one) => all + one, 0);
    this.#say((sum / this.#total) * (1 - joinShare));
  }

  joined(done: number): void {
    this.#say(1 - joinShare + joinShare * done);
  }

  #say(done: number): void {
    this.#doneAtStart ??= done;
    const gained = done - this.#doneAtStart;
    const spentMs = performance.now() - this.#startedAt;
    const etaMs = gained > 0 ? Math.round((spentMs * (1 - done)) / gained) : 0;
    this.#tell({ done, etaMs });
  }
}
