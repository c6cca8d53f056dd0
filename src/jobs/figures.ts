import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { ResetFollower } from "../monitoring/breakers.ts";
import { leaveFigures, type NodeReport, writeFigures } from "../monitoring/writeFigures.ts";
import { type Loop, startLoop } from "./loop.ts";

const idleMs = 5_000;

/** Tells every few seconds what this node does, and that it is there; when stopped, that it is not any more. */
export function startFiguresLoop(
  report: NodeReport & { clock: Clock; log: Log; resets: ResetFollower },
): Loop {
  const { db, nodeId, resets, clock, log } = report;
  let isReachable = false;
  const tell = async () => {
    isReachable = false;
    await resets.follow();
    await writeFigures(report);
    isReachable = true;
    return false;
  };
  const loop = startLoop({ name: "figures", idleMs, clock, log, work: tell });
  return {
    wake: loop.wake,
    stop: async () => {
      await loop.stop();
      // A database that is away is not waited for: the node's silence says the same.
      if (!isReachable) return;
      await writeFigures(report);
      await leaveFigures(db, nodeId);
    },
  };
}
