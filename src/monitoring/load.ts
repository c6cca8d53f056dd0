import type { ReadTx } from "../db/port.ts";
import { liveNodes } from "./nodes.ts";

export type RequestPriority = "critical" | "high" | "normal" | "low";

/** Shares of a machine, 0 to 1, from which on requests of a priority had better wait; critical ones never. */
const bounds: Readonly<Record<RequestPriority, { cpu: number; memory: number }>> = {
  low: { cpu: 0.8, memory: 0.85 },
  normal: { cpu: 0.9, memory: 0.92 },
  high: { cpu: 0.97, memory: 0.97 },
  critical: { cpu: Number.POSITIVE_INFINITY, memory: Number.POSITIVE_INFINITY },
};

/** How much all nodes have to do, and whether a request of that priority had better wait. */
export async function systemLoad(tx: ReadTx, priority: RequestPriority) {
  const nodes = (await liveNodes(tx)).map(({ gauges }) => gauges);
  const sum = (measure: "connections" | "calls") =>
    nodes.reduce((total, gauges) => total + gauges[measure], 0);
  // A client does not choose its node: the one that is worst off decides.
  const systemLoad = {
    activeConnections: sum("connections"),
    queueDepth: sum("calls"),
    cpuUsage: Math.max(0, ...nodes.map(({ cpu }) => cpu)),
    memoryUsage: Math.max(0, ...nodes.map(({ memory }) => memory)),
  };
  const { cpu, memory } = bounds[priority];
  const busy = [
    ...(systemLoad.cpuUsage >= cpu ? ["processors"] : []),
    ...(systemLoad.memoryUsage >= memory ? ["memory"] : []),
  ];
  if (busy.length === 0) return { shouldShed: false, systemLoad };
  const reason = `The ${busy.join(" and ")} of a node are taken`;
  return { shouldShed: true, reason, systemLoad };
}
