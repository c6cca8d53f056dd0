import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { generateInsights, type InsightServices } from "../insights/generate.ts";
import {
  claimInsightJob,
  finishInsightJob,
  type InsightJob,
  postponeInsightJob,
  renewInsightJob,
} from "../insights/queue.ts";
import { underLease } from "./lease.ts";
import { type Loop, startLoop } from "./loop.ts";

interface InsightLoopServices extends InsightServices {
  clock: Clock;
  log: Log;
  nodeId: string;
}

const idleMs = 1_000;
const leaseMs = 60_000;
const renewMs = 15_000;
/** While its recordings are listened to, ms. */
const waitMs = 10_000;
/** Failures after which nobody tries any more. */
const mostAttempts = 6;
const firstPauseMs = 2_000;

/** Makes the insights of meetings that have ended; one at a time on a node. What a node that dies was at, another makes. */
export function startInsightLoop(services: InsightLoopServices): Loop {
  const { db, clock, log, nodeId } = services;
  const owner = `${nodeId}/insights`;
  const work = async (stopping: AbortSignal): Promise<boolean> => {
    const job = await db.transaction((tx) => claimInsightJob(tx, owner, leaseMs));
    if (!job) return false;
    if (job.isHeard) await postpone(job, { ms: waitMs });
    else await make(job, stopping);
    return true;
  };

  const make = async (job: InsightJob, stopping: AbortSignal) => {
    const renew = () => db.transaction((tx) => renewInsightJob(tx, job, owner, leaseMs));
    try {
      await underLease({ clock, renewMs, renew }, stopping, (signal) =>
        generateInsights(services, job.meetingId, "stale", signal),
      );
      await db.transaction((tx) => finishInsightJob(tx, job, owner));
    } catch (error) {
      if (stopping.aborted) await postpone(job, { ms: 0 });
      else await fail(job, error);
    }
  };

  const fail = async (job: InsightJob, error: unknown) => {
    const attempts = job.attempts + 1;
    const reason = error instanceof Error ? error.message : String(error);
    const { meetingId } = job;
    log.warn({ err: error, meetingId, attempts }, "insights of a meeting were not made");
    const ms = attempts < mostAttempts ? firstPauseMs * 2 ** attempts : null;
    await postpone({ ...job, attempts }, { error: reason, ms });
  };

  const postpone = (
    job: InsightJob,
    { error = null, ms }: { error?: string | null; ms: number | null },
  ) =>
    db.transaction((tx) =>
      postponeInsightJob(tx, job, owner, { attempts: job.attempts, error, ms }),
    );

  return startLoop({ name: "insights", idleMs, clock, log, work });
}
