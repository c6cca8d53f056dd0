import { constants, setPriority } from "node:os";
import { composeRendition } from "./compositor.ts";
import { UnusableCaptureError } from "./failures.ts";
import { constants as av, Log } from "./nodeAv.ts";
import type { ComposeJob, ComposeMessage } from "./protocol.ts";

// One job per process: the first message is the job; progress goes back, then the outcome, then it ends.

const progressEveryMs = 500;

const send = (message: ComposeMessage) =>
  new Promise<void>((resolve) => {
    if (!process.send) return resolve();
    process.send(message, () => resolve());
  });

function progressReporter(): (done: number) => void {
  const startedAt = performance.now();
  let reportedAt = Number.NEGATIVE_INFINITY;
  return (done) => {
    const now = performance.now();
    if (now - reportedAt < progressEveryMs && done < 1) return;
    reportedAt = now;
    const etaMs = done > 0 ? Math.round(((now - startedAt) * (1 - done)) / done) : 0;
    void send({ type: "progress", done, etaMs });
  };
}

async function outcomeOf(job: ComposeJob): Promise<ComposeMessage> {
  try {
    const { probe, skipped } = await composeRendition(job, progressReporter());
    return { type: "finished", probe, skipped };
  } catch (error) {
    const unusable = error instanceof UnusableCaptureError;
    const reason = error instanceof Error ? error.message : String(error);
    return { type: "failed", reason, retryable: !unusable };
  }
}

/** Live media must not stutter because a file is being composed. */
function yieldToOthers(): void {
  try {
    setPriority(constants.priority.PRIORITY_LOW);
  } catch {
    // A system that forbids it only makes us less polite.
  }
}

// Without a parent nobody would take the result.
process.once("disconnect", () => process.exit(1));
process.once("message", (job: ComposeJob) => {
  yieldToOthers();
  Log.setLevel(av.AV_LOG_FATAL);
  void outcomeOf(job)
    .then(send)
    .then(() => process.exit(0));
});
