import type { Database } from "../db/port.ts";
import type { Metrics } from "../observe/metrics.ts";
import { census } from "../recordings/census.ts";
import type { Breakers } from "../video/port.ts";

interface GaugeSources {
  db: Database;
  video: Pick<Breakers, "breakers">;
  /** Present when rooms are ours: counters of the room process by name. */
  rooms: { stats(): Promise<object> } | undefined;
}

const breakerValues = { closed: 0, halfOpen: 1, open: 2 };

/** What an operator watches beside the calls: recordings and renditions by state, breakers, and the rooms. */
export function addServerGauges(metrics: Metrics, { db, video, rooms }: GaugeSources): void {
  const byState = (rows: { state: string; count: number }[]) =>
    rows.map(({ state, count }) => ({ labels: { state }, value: count }));
  metrics.addGauge({
    name: "connvo_recordings",
    help: "Recordings by state",
    labelNames: ["state"],
    read: async () => byState((await db.read(census)).recordings),
  });
  metrics.addGauge({
    name: "connvo_compose_queue",
    help: "Renditions waiting for or with a composer",
    labelNames: ["state"],
    read: async () => byState((await db.read(census)).renditions),
  });
  metrics.addGauge({
    name: "connvo_breaker_state",
    help: "Circuit breakers: 0 closed, 1 half open, 2 open",
    labelNames: ["service", "operation"],
    read: () =>
      video.breakers().map(({ service, operation, state }) => ({
        labels: { service, operation },
        value: breakerValues[state],
      })),
  });
  if (rooms) addRoomGauges(metrics, rooms);
}

/** What live clients watch on this node. */
export function addLiveGauges(metrics: Metrics, hub: { stats(): object }): void {
  metrics.addGauge({
    name: "connvo_live",
    help: "Live clients of this node, their subscriptions, the different queries among them; since the start queries run, changes told, results told without a run of their own, and bytes",
    labelNames: ["measure"],
    read: () => measuresOf(hub.stats()),
  });
}

/** One gauge with a label for each counter: a new counter of the room process needs no change here. */
function addRoomGauges(metrics: Metrics, rooms: { stats(): Promise<object> }): void {
  metrics.addGauge({
    name: "connvo_rooms",
    help: "Gauges and counters of the room process since it started; empty while it is away",
    labelNames: ["measure"],
    read: async () => measuresOf(await rooms.stats().catch(() => ({}))),
  });
}

function measuresOf(stats: object): { labels: { measure: string }; value: number }[] {
  return Object.entries(stats)
    .filter((entry): entry is [string, number] => typeof entry[1] === "number")
    .map(([measure, value]) => ({ labels: { measure }, value }));
}
