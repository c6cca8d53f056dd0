import type { Clock } from "../../src/core/clock.ts";
import { never } from "./network.ts";
import type { Node } from "./node.ts";
import type { World } from "./world.ts";

/** Background work, by what it looks for. */
export const loopNames = ["settle", "notices", "renditions", "webhooks"] as const;
export type LoopName = (typeof loopNames)[number];

/** What each loop pauses after a look that found nothing, ms. */
const idleMs: Record<LoopName, number> = {
  ...{ settle: 1_000, notices: 1_000, renditions: 300, webhooks: 1_000 },
};

/** When there is something to look for, epoch ms; null = never. */
const due = `SELECT
  (SELECT min(extract(epoch FROM at) * 1000) FROM (
     SELECT min(greatest(deadline_at, lease_until)) AS at FROM recordings
     UNION ALL SELECT min(room_due_at) FROM meetings
     UNION ALL SELECT min(due_at) FROM meeting_removals) s)::float8 AS settle,
  (SELECT extract(epoch FROM min(run_at)) * 1000 FROM provider_notices WHERE done_at IS NULL)::float8 AS notices,
  (SELECT extract(epoch FROM min(greatest(run_at, lease_until))) * 1000 FROM renditions
   WHERE state IN ('queued', 'composing'))::float8 AS renditions,
  (SELECT extract(epoch FROM min(greatest(next_at, lease_until))) * 1000 FROM webhook_deliveries
   WHERE state = 'pending')::float8 AS webhooks`;

type Due = Record<LoopName, number | null>;

/** Empty looks are left out: a loop that found nothing sleeps on until there is something. */
export class Loops {
  readonly #world: World;
  #read: { version: number; row: Due | undefined } | undefined;
  readonly #parked = new Map<LoopName, { node: Node; notBefore: number; wake: () => void }[]>();

  constructor(world: World) {
    this.#world = world;
  }

  park(node: Node, name: LoopName, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const list = this.#parked.get(name) ?? [];
      this.#parked.set(name, list);
      const one = { node, notBefore: this.#world.time.now + idleMs[name], wake: resolve };
      list.push(one);
      signal?.addEventListener("abort", () => {
        const found = list.indexOf(one);
        if (found < 0) return;
        list.splice(found, 1);
        resolve();
      });
    });
  }

  /** Asked for again only once something was written. */
  async #due(): Promise<Due | undefined> {
    const { version } = this.#world;
    if (this.#read?.version !== version) {
      const [row] = await this.#world.sql<Due>(due);
      this.#read = { version, row };
    }
    return this.#read.row;
  }

  /** The next time one of them has to look, epoch ms, and what lets it. */
  async next(): Promise<{ atMs: number; wake: () => void } | undefined> {
    const row = await this.#due();
    let first: { atMs: number; wake: () => void } | undefined;
    for (const name of loopNames) {
      const list = (this.#parked.get(name) ?? []).filter(({ node }) => !node.isDead);
      this.#parked.set(name, list);
      const at = row?.[name];
      if (at == null) continue;
      for (const one of list) {
        const atMs = Math.max(Math.ceil(at), one.notBefore);
        if (first && first.atMs <= atMs) continue;
        const wake = () => {
          list.splice(list.indexOf(one), 1);
          one.wake();
        };
        first = { atMs, wake };
      }
    }
    return first;
  }
}

/** The clock of a loop: its pauses are parked, all else is virtual time. */
export function parking(node: Node, name: LoopName): Clock {
  const { world } = node;
  return {
    now: () => world.time.now,
    sleep: async (ms, signal) => {
      if (ms === idleMs[name]) await world.loops.park(node, name, signal);
      else await world.time.sleep(ms, signal);
      if (node.isDead) await never();
    },
  };
}
