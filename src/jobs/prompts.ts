import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { Database } from "../db/port.ts";
import { watchMeetings } from "../prompts/watch.ts";
import { type Loop, startLoop } from "./loop.ts";

/** Meetings looked at in one go; a full batch means that more may be due. */
const batch = 16;
const idleMs = 5_000;

/** Tells people of running meetings what they could go on with; on every node, which take turns by themselves. */
export function startPromptLoop(services: { db: Database; clock: Clock; log: Log }): Loop {
  const { db, clock, log } = services;
  const work = async () => (await watchMeetings(db, batch)) === batch;
  return startLoop({ name: "prompts", idleMs, clock, log, work });
}
