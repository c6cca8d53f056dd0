import type { ReadTx } from "../db/port.ts";
import { liveNodes } from "./nodes.ts";

/** There is no such queue: it is written in the transaction that answers its sender. */
const never = { queueSize: 0 };

/** What waits to be written at all nodes. */
export async function batchStats(tx: ReadTx) {
  const nodes = await liveNodes(tx);
  const presences = nodes.reduce((sum, { gauges }) => sum + gauges.presences, 0);
  return { noteOps: never, presence: { queueSize: presences }, transcripts: never };
}
