import { totalmem } from "node:os";
import type { Lifetime } from "../core/lifetime.ts";
import { startFiguresLoop } from "../jobs/figures.ts";
import { normalLoad } from "../jobs/machineLoad.ts";
import { ResetFollower } from "../monitoring/breakers.ts";
import type { NodeFigures } from "../monitoring/nodeFigures.ts";
import type { Invoker } from "../runtime/call/invoke.ts";
import type { Services } from "../runtime/context.ts";
import type { SyncHub } from "../sync/hub.ts";

interface FigureSources {
  figures: NodeFigures;
  hub: SyncHub;
  invoker: Invoker;
  /** What rooms have told of who joins and leaves, and is not written yet. */
  waitingPresences(): number;
}

/** Tells all nodes what this one does, as long as it runs. */
export function startFigures(
  { db, video, clock, log, nodeId }: Services,
  lifetime: Lifetime,
  { figures, hub, invoker, waitingPresences }: FigureSources,
): void {
  const cpu = normalLoad();
  const gauges = () => {
    const { connections, subscriptions, queries } = hub.stats();
    return {
      connections,
      subscriptions,
      queries,
      calls: invoker.underWay,
      presences: waitingPresences(),
      cpu: cpu(),
      memory: memoryTaken(),
    };
  };
  const loop = startFiguresLoop({
    db,
    nodeId,
    figures,
    gauges,
    breakers: () => video.breakers(),
    resets: new ResetFollower(db, video),
    clock,
    log,
  });
  lifetime.add("figures", () => loop.stop());
}

/** Share of the memory that this process may have which is taken, by whomever: of the machine's, or of its container's. */
function memoryTaken(): number {
  const allowed = Math.min(process.constrainedMemory() || totalmem(), totalmem());
  return Math.min(1, Math.max(0, 1 - process.availableMemory() / allowed));
}
