import { type ChildProcess, fork } from "node:child_process";
import { rm } from "node:fs/promises";
import type { Log } from "../../core/log.ts";
import type {
  AdoptJob,
  ComposeJob,
  ComposeMessage,
  ComposeTask,
  ProbeFinding,
  SkippedTrack,
} from "./protocol.ts";

export interface ComposeOptions {
  /** The built `composeProcess.js`. */
  entry: string;
  log: Log;
  /** Ends the child at once. */
  signal?: AbortSignal;
  /** `done` 0..1; about twice a second. */
  onProgress?: (progress: { done: number; etaMs: number }) => void;
  /** A child that says nothing for this long is killed, ms; while it finishes the file, ten times that. */
  hungAfterMs?: number;
  /** The child's environment; ours unless given. */
  env?: NodeJS.ProcessEnv;
}

/** A composition that came to nothing; `retryable` says whether another attempt may succeed. */
export class ComposeFailure extends Error {
  readonly reason: string;
  readonly retryable: boolean;

  constructor(reason: string, retryable: boolean) {
    super(reason);
    this.name = "ComposeFailure";
    this.reason = reason;
    this.retryable = retryable;
  }
}

const defaultHungAfterMs = 60_000;

/**
 * Composes one job in a child process and resolves with what was probed of the result, which then is at `job.output`.
 * @throws ComposeFailure (reasons `no_media`, `capture_missing`, `aborted`, `hung`, `crashed …` or what broke); no part of a file is
 * left behind
 */
export async function compose(job: ComposeJob, options: ComposeOptions): Promise<ProbeFinding> {
  try {
    const { probe, skipped } = await runComposeTask(job, options);
    const { captureDir } = job;
    if (skipped.length > 0) options.log.warn({ skipped, captureDir }, "tracks left out");
    if (!probe) throw new ComposeFailure("crashed: no result", true);
    return withSkipped(probe, skipped);
  } catch (error) {
    await rm(`${job.output}.part`, { force: true });
    throw error;
  }
}

/** Makes a rendition of a file in a child process. @throws ComposeFailure; no part of a file is left behind */
export async function adopt(job: AdoptJob, options: ComposeOptions): Promise<ProbeFinding> {
  try {
    const { probe } = await runComposeTask(job, options);
    if (!probe) throw new ComposeFailure("crashed: no result", true);
    return probe;
  } catch (error) {
    await rm(`${job.output}.part`, { force: true });
    throw error;
  }
}

/** A finding that tells which tracks are not in the file. */
export function withSkipped(probe: ProbeFinding, skipped: SkippedTrack[]): ProbeFinding {
  return skipped.length > 0 ? { ...probe, skipped } : probe;
}

/** What a task came to. */
export interface ComposeOutcome {
  /** Of the file, if the task made one. */
  probe?: ProbeFinding;
  /** Tracks that could not be used, each with why. */
  skipped: SkippedTrack[];
}

/** Carries a task out in a child process. @throws ComposeFailure as `compose` */
export async function runComposeTask(
  task: ComposeTask,
  options: ComposeOptions,
): Promise<ComposeOutcome> {
  if (options.signal?.aborted) throw new ComposeFailure("aborted", true);
  const child = new ComposeChild(options);
  const onAbort = () => child.kill("aborted");
  options.signal?.addEventListener("abort", onAbort, { once: true });
  try {
    return await child.run(task);
  } finally {
    options.signal?.removeEventListener("abort", onAbort);
  }
}

/** One child process and what it has told so far. */
class ComposeChild {
  #process: ChildProcess;
  #options: ComposeOptions;
  #watchdog: NodeJS.Timeout | undefined;
  #outcome: ComposeOutcome | undefined;
  #failure: ComposeFailure | undefined;
  #lastWords: () => string;

  constructor(options: ComposeOptions) {
    this.#options = options;
    const { entry, env } = options;
    this.#process = fork(entry, [], {
      ...{ stdio: ["ignore", "ignore", "pipe", "ipc"], execArgv: [] },
      ...(env ? { env } : {}),
    });
    this.#lastWords = lastWords(this.#process);
  }

  /** Resolves when the process is gone, so that nobody writes any longer. */
  run(task: ComposeTask): Promise<ComposeOutcome> {
    this.#watch(1);
    return new Promise((resolve, reject) => {
      this.#process.on("message", (message: ComposeMessage) => this.#told(message));
      this.#process.once("error", (error) => this.kill(`crashed: ${error.message}`));
      this.#process.once("close", (code, signal) => {
        clearTimeout(this.#watchdog);
        if (this.#outcome && !this.#failure) resolve(this.#outcome);
        else reject(this.#failure ?? crashed(code, signal, this.#lastWords()));
      });
      this.#process.send(task, (error) => error && this.kill(`crashed: ${error.message}`));
    });
  }

  kill(reason: string): void {
    this.#failure ??= new ComposeFailure(reason, true);
    this.#process.kill("SIGKILL");
  }

  #told(message: ComposeMessage): void {
    // Moving the index to the front rewrites the whole file in one call.
    this.#watch(message.type === "progress" && message.done >= 1 ? 10 : 1);
    switch (message.type) {
      case "progress":
        this.#options.onProgress?.({ done: message.done, etaMs: message.etaMs });
        break;
      case "failed":
        this.#failure ??= new ComposeFailure(message.reason, message.retryable);
        break;
      case "finished":
        this.#outcome = { probe: message.probe, skipped: message.skipped };
        break;
      case "sliced":
        this.#outcome = { skipped: message.skipped };
    }
  }

  #watch(patience: number): void {
    clearTimeout(this.#watchdog);
    const { hungAfterMs = defaultHungAfterMs } = this.#options;
    this.#watchdog = setTimeout(() => this.kill("hung"), patience * hungAfterMs);
  }
}

function crashed(code: number | null, signal: string | null, said: string): ComposeFailure {
  const how = signal ?? `exit code ${code}`;
  return new ComposeFailure(`crashed (${how})${said === "" ? "" : `: ${said}`}`, true);
}

/** What the child said of its end: the line that names an error, else its last one; short. */
function lastWords(child: ChildProcess): () => string {
  let tail = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    tail = (tail + text).slice(-4000);
  });
  return () => {
    const lines = tail.trim().split("\n");
    return (lines.findLast((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1) ?? "").slice(0, 500);
  };
}
