import { type ChildProcess, fork } from "node:child_process";
import { rm } from "node:fs/promises";
import type { Log } from "../../core/log.ts";
import type { ComposeJob, ComposeMessage, ProbeFinding } from "./protocol.ts";

export interface ComposeOptions {
  /** The built `composeProcess.js`. */
  entry: string;
  log: Log;
  /** Ends the child at once. */
  signal?: AbortSignal;
  /** `done` 0..1; about twice a second. */
  onProgress?: (progress: { done: number; etaMs: number }) => void;
  /** A child that says nothing for this long is killed, ms. */
  hungAfterMs?: number;
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
 * Rejects with ComposeFailure (reasons `no_media`, `capture_missing`, `aborted`, `hung`, `crashed …` or what broke);
 * no part of a file is left behind.
 */
export async function compose(job: ComposeJob, options: ComposeOptions): Promise<ProbeFinding> {
  if (options.signal?.aborted) throw new ComposeFailure("aborted", true);
  try {
    return await runChild(job, options);
  } catch (error) {
    await rm(`${job.output}.part`, { force: true });
    throw error;
  }
}

function runChild(job: ComposeJob, options: ComposeOptions): Promise<ProbeFinding> {
  const { entry, signal, log, hungAfterMs = defaultHungAfterMs } = options;
  const child = fork(entry, [], { stdio: ["ignore", "ignore", "pipe", "ipc"], execArgv: [] });
  const said = lastWords(child);
  return new Promise<ProbeFinding>((resolve, reject) => {
    let failure: ComposeFailure | undefined;
    let probe: ProbeFinding | undefined;
    const kill = (reason: string) => {
      failure ??= new ComposeFailure(reason, true);
      child.kill("SIGKILL");
    };
    const onAbort = () => kill("aborted");
    const watchdog = setTimeout(() => kill("hung"), hungAfterMs);
    signal?.addEventListener("abort", onAbort, { once: true });
    child.on("message", (message: ComposeMessage) => {
      watchdog.refresh();
      if (message.type === "progress") options.onProgress?.(message);
      else if (message.type === "failed")
        failure ??= new ComposeFailure(message.reason, message.retryable);
      else {
        probe = message.probe;
        if (message.skipped.length > 0)
          log.warn({ skipped: message.skipped, captureDir: job.captureDir }, "tracks left out");
      }
    });
    child.once("error", (error) => kill(`crashed: ${error.message}`));
    child.once("close", (code, exitSignal) => {
      clearTimeout(watchdog);
      signal?.removeEventListener("abort", onAbort);
      if (probe && !failure) return resolve(probe);
      reject(failure ?? crashed(code, exitSignal, said()));
    });
    child.send(job, (error) => error && kill(`crashed: ${error.message}`));
  });
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
