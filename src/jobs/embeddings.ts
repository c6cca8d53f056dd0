import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { Database } from "../db/port.ts";
import { embedMeeting } from "../embeddings/embedMeeting.ts";
import {
  claimEmbeddingJob,
  type EmbeddingJob,
  finishEmbeddingJob,
  postponeEmbeddingJob,
  queueOtherModels,
  renewEmbeddingJob,
} from "../embeddings/queue.ts";
import type { Embedder } from "../meaning/port.ts";
import { underLease } from "./lease.ts";
import { type Loop, startLoop } from "./loop.ts";

interface EmbeddingLoopServices {
  db: Database;
  clock: Clock;
  log: Log;
  nodeId: string;
  embedder: Embedder;
}

const idleMs = 2_000;
const leaseMs = 60_000;
const renewMs = 15_000;
/** Where more was written down meanwhile, ms. */
const settleMs = 10_000;
/** Failures after which nobody tries any more, until more is said. */
const mostAttempts = 6;
const firstPauseMs = 5_000;

/** Embeds what was said in meetings that are over; one at a time on a node. What a node that dies was at, another goes on with. */
export function startEmbeddingLoop(services: EmbeddingLoopServices): Loop {
  const { db, clock, log, nodeId, embedder } = services;
  const owner = `${nodeId}/embeddings`;
  let hasLooked = false;
  const work = async (stopping: AbortSignal): Promise<boolean> => {
    if (!hasLooked) await db.transaction((tx) => queueOtherModels(tx, embedder.model));
    hasLooked = true;
    const job = await db.transaction((tx) => claimEmbeddingJob(tx, owner, leaseMs));
    if (!job) return false;
    await embed(job, stopping);
    return true;
  };

  const embed = async (job: EmbeddingJob, stopping: AbortSignal) => {
    const renew = () => db.transaction((tx) => renewEmbeddingJob(tx, job, owner, leaseMs));
    try {
      await underLease({ clock, renewMs, renew }, stopping, (signal) =>
        embedMeeting({ db, embedder }, job.meetingId, signal),
      );
      const isDone = await db.transaction((tx) => finishEmbeddingJob(tx, job, owner));
      if (!isDone) await postpone(job, { error: null, ms: settleMs });
    } catch (error) {
      if (stopping.aborted) await postpone(job, { error: null, ms: 0 });
      else await fail(job, error);
    }
  };

  const fail = async (job: EmbeddingJob, error: unknown) => {
    const attempts = job.attempts + 1;
    const reason = error instanceof Error ? error.message : String(error);
    const { meetingId } = job;
    log.warn({ err: error, meetingId, attempts }, "what was said is not found by meaning yet");
    const ms = attempts < mostAttempts ? firstPauseMs * 2 ** attempts : null;
    await postpone({ ...job, attempts }, { error: reason, ms });
  };

  const postpone = (
    job: EmbeddingJob,
    { error, ms }: { error: string | null; ms: number | null },
  ) =>
    db.transaction((tx) =>
      postponeEmbeddingJob(tx, job, owner, { attempts: job.attempts, error, ms }),
    );

  return startLoop({ name: "embeddings", idleMs, clock, log, work });
}
