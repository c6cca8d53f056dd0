import { type ReadTx, statement } from "../db/port.ts";
import type { BreakerStatus } from "../video/port.ts";
import type { NodeGauges } from "./writeFigures.ts";

/** What a node told last. */
export interface NodeState {
  gauges: NodeGauges;
  breakers: BreakerStatus[];
}

/** A node that has said nothing for 20 s has gone: it says something every 5 s. */
const listLive = statement<NodeState>(
  "figures.listLiveNodes",
  `SELECT gauges, breakers FROM nodes WHERE seen_at > app_now() - interval '20 seconds' ORDER BY id`,
);

/** All nodes that are there, as each was a few seconds ago. */
export async function liveNodes(tx: ReadTx): Promise<NodeState[]> {
  tx.reads("figures:nodes");
  return tx.all(listLive);
}
