import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { Database } from "../db/port.ts";
import { attempt, type Outcome, type Send } from "../webhooks/attempt.ts";
import {
  type Claim,
  claimDeliveries,
  releaseDelivery,
  settleDelivery,
} from "../webhooks/claims.ts";
import { messageOf } from "../webhooks/message.ts";
import { type Loop, startLoop } from "./loop.ts";

export interface WebhookDeps {
  services: { db: Database; clock: Clock; log: Log; nodeId: string; publicUrl(): string };
  send: Send;
  /** Whether an endpoint may still be there: the operator's settings may have changed since it was registered. */
  isAllowed(url: URL): boolean;
  /** Of a whole attempt, ms. */
  timeoutMs?: number;
  /** In [0, 1). */
  random?: () => number;
  /** An attempt has ended with an answer, or without one in time. */
  onAttempt?: (outcome: Outcome["kind"]) => void;
}

const idleMs = 1_000;
/** Sent at once by this node. */
const parallel = 16;
const attemptMs = 15_000;
/** A node that has a delivery for longer has died, ms: twice what an attempt may take. */
const leaseMs = 30_000;

/**
 * Sends what is due, on every node. Each attempt runs by itself, so that receivers which hang hold up nobody else; a
 * delivery whose node dies over it is sent again, under the same id.
 */
export function startWebhookLoop(deps: WebhookDeps): Loop {
  const { clock, log } = deps.services;
  const running = new Set<Promise<void>>();
  const stopping = new AbortController();
  const loop = startLoop({
    name: "webhooks",
    idleMs,
    clock,
    log,
    work: async () => {
      const limit = parallel - running.size;
      const claims = limit > 0 ? await claimDue(deps, limit) : [];
      for (const claimed of claims) {
        const sending = deliver(deps, claimed, stopping.signal).finally(() => {
          running.delete(sending);
          loop.wake();
        });
        running.add(sending);
      }
      return claims.length > 0;
    },
  });
  return {
    wake: () => loop.wake(),
    stop: async () => {
      stopping.abort();
      await loop.stop();
      await Promise.all(running);
    },
  };
}

function claimDue({ services: { db, nodeId } }: WebhookDeps, limit: number): Promise<Claim[]> {
  return db.transaction((tx) => claimDeliveries(tx, nodeId, { leaseMs, limit }));
}

/** Never rejects: what cannot be noted is sent again once the lease has run out. */
async function deliver(deps: WebhookDeps, claimed: Claim, signal: AbortSignal): Promise<void> {
  const { db, log, nodeId } = deps.services;
  const { eventId, endpointId, type, attempts } = claimed;
  try {
    const outcome = await sent(deps, claimed, signal);
    const random = (deps.random ?? Math.random)();
    if (outcome !== undefined) deps.onAttempt?.(outcome.kind);
    await db.transaction((tx) =>
      outcome === undefined
        ? releaseDelivery(tx, claimed, nodeId)
        : settleDelivery(tx, claimed, nodeId, outcome, random),
    );
    if (outcome !== undefined && outcome.kind !== "delivered")
      log.warn({ eventId, endpointId, type, attempts, ...outcome }, "webhook not delivered");
  } catch (error) {
    log.error({ err: error, eventId, endpointId }, "a webhook's outcome could not be noted");
  }
}

/** @returns undefined when it was broken off because the server stops */
async function sent(
  { services: { clock, publicUrl }, send, isAllowed, timeoutMs = attemptMs }: WebhookDeps,
  claimed: Claim,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  const message = messageOf(claimed, publicUrl());
  if (!isAllowed(message.url)) {
    const error = "this server's settings do not allow its address; change the url";
    return { kind: "failed", error };
  }
  try {
    return await attempt(message, { send, clock, timeoutMs, signal });
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}
