import { AppError } from "../core/errors.ts";
import { inSlices } from "../core/yielding.ts";
import { type Database, type ReadTx, statement } from "../db/port.ts";
import { allWaiting, partners, type Waiting } from "./candidates.ts";
import { type MatchServices, makeMatch } from "./makeMatch.ts";
import { lowestScore } from "./match.ts";
import { featuresOf, scoreOf } from "./scoring.ts";
import { type WeightsOf, weightsInForce } from "./weights.ts";

export type CycleServices = MatchServices & { db: Database };

/** All are compared again that often, ms; who is new at once. */
const everyMs = 60_000;
/** Others that are tried for somebody whose best have just gone. */
const mostTries = 5;

/** One node at a time; whoever dies over it leaves the rest to the next minute. */
const claimAll = statement(
  "matchingSchedule.claim",
  `UPDATE matching_schedule SET next_at = app_now() + interval '${everyMs} milliseconds'
   WHERE is_only = (SELECT is_only FROM matching_schedule WHERE next_at <= app_now() FOR UPDATE SKIP LOCKED)`,
);

const claimNew = statement<{ id: string }>(
  "matchingQueue.claimNew",
  `UPDATE matching_queue SET is_new = false WHERE id IN (
     SELECT id FROM matching_queue WHERE status = 'waiting' AND is_new ORDER BY id LIMIT 100 FOR UPDATE SKIP LOCKED)
   RETURNING id`,
);

export interface CycleWish {
  minScore: number;
  maxMatches: number;
  /** Absent = the server itself or the administrator. */
  actorUserId?: string | undefined;
}

export interface CycleOutcome {
  /** The scores of the matches that were made. */
  scores: number[];
}

/**
 * Brings those together who are new in the queue and, once a minute, all others, where they fit. Safe on any number of nodes at
 * once. To be called every few seconds.
 * @returns whether there may be more to do
 */
export async function matchDue(services: CycleServices): Promise<boolean> {
  const due = await services.db.transaction(async (tx) => {
    const isAllDue = (await tx.run(claimAll)) > 0;
    const fresh = (await tx.all(claimNew)).map(({ id }) => id);
    return { isAllDue, fresh };
  });
  if (!due.isAllDue && due.fresh.length === 0) return false;
  const only = due.isAllDue ? undefined : new Set(due.fresh);
  const wish = { minScore: lowestScore, maxMatches: Number.POSITIVE_INFINITY };
  const { scores } = await runCycle(services, wish, only);
  return scores.length > 0;
}

/**
 * Compares all who wait, or `only` these, with all others. Who has waited longest chooses first, the best of those who fit.
 * Each pair is made in a transaction of its own.
 */
export async function runCycle(
  { db, ...services }: CycleServices,
  { minScore, maxMatches, actorUserId }: CycleWish,
  only?: ReadonlySet<string>,
): Promise<CycleOutcome> {
  const { queue, weightsOf } = await db.read(async (tx) => ({
    queue: await allWaiting(tx),
    weightsOf: await weightsInForce(tx),
  }));
  const free = new Map(queue.map((entry) => [entry.entryId, entry]));
  const scores: number[] = [];
  for (const one of queue) {
    if (scores.length >= maxMatches) break;
    if (!free.has(one.entryId) || (only && !only.has(one.entryId))) continue;
    const ranked = await db.read((tx) => bestPartners(tx, one, { free, weightsOf, minScore }));
    for (const other of ranked) {
      const wish = {
        entryIds: [one.entryId, other.entryId] as const,
        ...{ minScore, weightsOf, actorUserId },
      };
      const made = await db.transaction((tx) => makeMatch(tx, services, wish)).catch(notMade);
      if (!made) continue;
      scores.push(made.score);
      free.delete(other.entryId);
      break;
    }
    // Nobody who comes later finds one that was compared with all.
    free.delete(one.entryId);
  }
  return { scores };
}

/** A meeting that is refused holds up nobody but the two it was for. */
function notMade(error: unknown): undefined {
  if (error instanceof AppError) return undefined;
  throw error;
}

interface Choice {
  free: ReadonlyMap<string, Waiting>;
  weightsOf: WeightsOf;
  minScore: number;
}

/** Who fits somebody best; of equals, who has waited longest. */
async function bestPartners(
  tx: ReadTx,
  one: Waiting,
  { free, weightsOf, minScore }: Choice,
): Promise<Waiting[]> {
  const others = (await partners(tx, one.entryId)).flatMap((id) => free.get(id) ?? []);
  const ranked = await inSlices(rank(one, others, weightsOf));
  return ranked
    .filter(({ score }) => score >= minScore)
    .sort((a, b) => b.score - a.score || b.other.waitedMs - a.other.waitedMs)
    .slice(0, mostTries)
    .map(({ other }) => other);
}

function* rank(one: Waiting, others: readonly Waiting[], weightsOf: WeightsOf) {
  const ranked: { other: Waiting; score: number }[] = [];
  for (const other of others) {
    ranked.push({ other, score: scoreOf(featuresOf(one, other), weightsOf(one, other)) });
    yield undefined;
  }
  return ranked;
}
