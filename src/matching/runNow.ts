import type { Clock } from "../core/clock.ts";
import { orThrow } from "../core/result.ts";
import { wholeNumber } from "../core/wholeNumber.ts";
import { type CycleServices, runCycle } from "./cycle.ts";
import { lowestScore } from "./match.ts";
import { share } from "./rules.ts";

const usualMatches = 50;
const mostMatches = 1_000;
const mostShards = 64;

/** What an administrator may say of a cycle. */
export interface CycleRequest {
  minScore?: number;
  maxMatches?: number;
  shardCount?: number;
}

/** Compares all who wait now. @throws AppError VALIDATION_ERROR with `field` */
export async function runMatchingCycle(
  { clock, ...services }: CycleServices & { clock: Clock },
  actorUserId: string | undefined,
  { minScore = lowestScore, maxMatches = usualMatches, shardCount = 1 }: CycleRequest,
) {
  orThrow(wholeNumber("shardCount", shardCount, { max: mostShards }));
  const wish = {
    minScore: orThrow(share("minScore", minScore)),
    maxMatches: orThrow(wholeNumber("maxMatches", maxMatches, { max: mostMatches })),
    actorUserId,
  };
  const began = clock.now();
  const { scores } = await runCycle(services, wish);
  const sum = scores.reduce((total, score) => total + score, 0);
  return {
    ...{ totalMatches: scores.length, processedShards: 1 },
    averageScore: scores.length === 0 ? 0 : sum / scores.length,
    processingTimeMs: Math.max(0, clock.now() - began),
  };
}
