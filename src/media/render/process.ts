import { constants, setPriority } from "node:os";
import type { ComposeMessage, ComposeTask } from "../compose/protocol.ts";
import { composeRendition } from "./compositor.ts";
import { UnusableCaptureError } from "./decode/failures.ts";
import { constants as av, Log } from "./decode/nodeAv.ts";
import { adoptFile } from "./file/adopt.ts";
import { composeJoin, composeSlice } from "./sliceCompositor.ts";

// One task per process: the first message is the task; progress goes back, then the outcome, then it ends.

/** Whatever is written here, by libraries and ffmpeg too, is nobody else's on this machine. */
process.umask(0o077);

const progressEveryMs = 500;
/** All that is decoded at a time fits into it several times over; a machine has others to serve, bytes. */
const maxResidentBytes = 2 * 2 ** 30;

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
    const resident = process.memoryUsage.rss();
    if (resident > maxResidentBytes)
      throw new Error(`out of memory: ${resident} bytes are more than composing may take`);
    const etaMs = done > 0 ? Math.round(((now - startedAt) * (1 - done)) / done) : 0;
    void send({ type: "progress", done, etaMs });
  };
}

async function outcomeOf(task: ComposeTask): Promise<ComposeMessage> {
  try {
    return await carryOut(task, progressReporter());
  } catch (error) {
    const unusable = error instanceof UnusableCaptureError;
    const reason = error instanceof Error ? error.message : String(error);
    return { type: "failed", reason, retryable: !unusable };
  }
}

async function carryOut(
  task: ComposeTask,
  onProgress: (done: number) => void,
): Promise<ComposeMessage> {
  if (!("task" in task)) {
    const { probe, skipped } = await composeRendition(task, onProgress);
    return { type: "finished", probe, skipped };
  }
  if (task.task === "slice")
    return { type: "sliced", skipped: await composeSlice(task, onProgress) };
  const probe =
    task.task === "adopt" ? await adoptFile(task, onProgress) : await composeJoin(task, onProgress);
  return { type: "finished", probe, skipped: [] };
}

/** Live media must not stutter because a file is being composed. */
function yieldToOthers(): void {
  try {
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // A system that forbids it only makes us less polite.
  }
}

// Without a parent nobody would take the result.
process.once("disconnect", () => process.exit(1));
process.once("message", (task: ComposeTask) => {
  yieldToOthers();
  Log.setLevel(av.AV_LOG_FATAL);
  void outcomeOf(task)
    .then(send)
    .then(() => process.exit(0));
});
