import type { Database } from "../db/port.ts";
import type { ArchivingOutcome } from "../jobs/archiving.ts";
import type { RestoreOutcome } from "../jobs/copies.ts";
import type { Metrics } from "../observe/metrics.ts";
import { archiveBacklog } from "../recordings/archive/backlog.ts";
import type { Outcome } from "../webhooks/attempt.ts";
import { deliveryBacklog } from "../webhooks/backlog.ts";

/**
 * What endpoints have not been told yet, by all nodes.
 * @returns what counts an attempt of this node
 */
export function addDeliveryMetrics(
  metrics: Metrics,
  db: Database,
): (outcome: Outcome["kind"]) => void {
  const backlog = together(() => db.read(deliveryBacklog));
  addNumber(metrics, "connvo_webhook_queue", {
    help: "Webhooks to be sent, those that wait for their next attempt included",
    read: async () => (await backlog()).waiting,
  });
  addNumber(metrics, "connvo_webhook_oldest_seconds", {
    help: "Age of the oldest event that an endpoint has not been told; 0 when there is none",
    read: async () => (await backlog()).oldestSeconds,
  });
  return metrics.addCounter({
    name: "connvo_webhook_attempts_total",
    help: "Attempts of this node to send a webhook; gone: the endpoint wants no more",
    labelName: "outcome",
    labels: ["delivered", "failed", "gone"],
  });
}

interface ArchiveCounters {
  onAttempt(outcome: ArchivingOutcome): void;
  onRestore(outcome: RestoreOutcome): void;
}

/**
 * What waits between the disks of all sites and the store.
 * @returns what counts work of this node
 */
export function addArchiveMetrics(metrics: Metrics, db: Database): ArchiveCounters {
  const backlog = together(() => db.read(archiveBacklog));
  addNumber(metrics, "connvo_archive_queue", {
    help: "Captures that are on a disk only",
    read: async () => (await backlog()).unarchived,
  });
  addNumber(metrics, "connvo_archive_oldest_seconds", {
    help: "Since the oldest recording stopped whose capture is on a disk only; 0 when there is none",
    read: async () => (await backlog()).oldestSeconds,
  });
  addNumber(metrics, "connvo_restore_queue", {
    help: "Captures that somebody waits for to be fetched from the store",
    read: async () => (await backlog()).restoring,
  });
  return {
    onAttempt: metrics.addCounter({
      name: "connvo_archive_attempts_total",
      help: "Captures that this node sent to the store, removed there, or failed to",
      labelName: "outcome",
      labels: ["archived", "removed", "failed"],
    }),
    onRestore: metrics.addCounter({
      name: "connvo_restore_attempts_total",
      help: "Captures that this node fetched from the store, or failed to",
      labelName: "outcome",
      labels: ["restored", "failed"],
    }),
  };
}

/** One read for all who ask while it is under way: gauges are read at the same time. */
function together<T>(read: () => Promise<T>): () => Promise<T> {
  let underWay: Promise<T> | undefined;
  return () => {
    underWay ??= read().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
}

function addNumber(
  metrics: Metrics,
  name: string,
  { help, read }: { help: string; read(): Promise<number> },
): void {
  const reading = async () => [{ labels: {}, value: await read() }];
  metrics.addGauge({ name, help, labelNames: [], read: reading });
}
