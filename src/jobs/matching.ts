import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { type CycleServices, matchDue } from "../matching/cycle.ts";
import { sweepMatching } from "../matching/sweep.ts";
import { type Loop, startLoop } from "./loop.ts";

/** Who enters is looked at after that, ms. */
const idleMs = 2_000;

/** Brings people together, and ends what is over; on every node, which take turns by themselves. */
export function startMatchingLoop(services: CycleServices & { clock: Clock; log: Log }): Loop {
  const { clock, log, ...cycle } = services;
  const work = async () => {
    const ends = await sweepMatching(cycle.db);
    return (await matchDue(cycle)) || ends;
  };
  return startLoop({ name: "matching", idleMs, clock, log, work });
}
