import { randomUUID } from "node:crypto";
import { systemClock } from "../../../src/core/clock.ts";
import { silentLog } from "../../../src/core/log.ts";
import type { Loop } from "../../../src/jobs/loop.ts";
import { startWebhookLoop, type WebhookDeps } from "../../../src/jobs/webhooks.ts";
import { outbound } from "../../../src/net/outbound.ts";
import type { TestDatabase } from "./database.ts";

/** Looks more often than a server, and never adds chance to a pause. */
export function webhookDeps(test: TestDatabase, change: Partial<WebhookDeps> = {}): WebhookDeps {
  const clock = {
    now: () => systemClock.now(),
    sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms / 50, signal),
  };
  return {
    services: {
      db: test.db,
      clock,
      log: silentLog,
      nodeId: randomUUID(),
      publicUrl: () => "http://connvo.test",
    },
    send: outbound({ silenceMs: 10_000, isAllowed: () => true }),
    isAllowed: () => true,
    random: () => 0,
    ...change,
  };
}

/** Starts a node's sender. */
export const sender = (test: TestDatabase, change: Partial<WebhookDeps> = {}): Loop =>
  startWebhookLoop(webhookDeps(test, change));
