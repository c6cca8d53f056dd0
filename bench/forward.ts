import { setTimeout as sleep } from "node:timers/promises";
import type { WhepSubscriber } from "../src/synth/transport/whepSubscriber.ts";
import { ownConnvo, roomProcessOf, roomStatsOf } from "./connvoServer.ts";
import { LiveMeeting, loadLoops } from "./liveMeeting.ts";
import { cpuSeconds, usageIsKnown } from "./processUsage.ts";
import { notRun, type Row, rowOf, units } from "./row.ts";
import type { Stage } from "./stage.ts";
import { compare, interleave, median } from "./statistics.ts";

const nameOf = (people: number) => `forwarding ${people} × ${people} at 720p, CPU a minute`;
const rounds = 3;

/** What is sent a viewer beyond what was seen before, packets. */
interface Seen {
  packets: number;
  missing: number;
}

/**
 * CPU time of the room process while everybody in a meeting watches everybody else, against the same meeting with
 * nobody watching.
 */
export async function benchForward(stage: Stage): Promise<Row[]> {
  if (!usageIsKnown()) return [notRun(nameOf(4), "needs Linux's /proc")];
  const rows: Row[] = [];
  for (const people of stage.pick([4, 8], [4])) rows.push(await measureForwarding(stage, people));
  return rows;
}

async function measureForwarding(stage: Stage, people: number): Promise<Row> {
  const server = await ownConnvo(stage);
  const meeting = await LiveMeeting.open(stage, server, `Host ${people}`, await loadLoops(people));
  const pid = await roomProcessOf(server.dataDir);
  const settle = () => sleep(stage.pick(3_000, 1_000));
  const delays: { p99: number; max: number }[] = [];
  const seen: Seen = { packets: 0, missing: 0 };
  const measure = () => cpuPerMinute(pid, stage.pick(10_000, 4_000));
  const watched = async () => {
    const watchers = await meeting.watch();
    await settle();
    await roomStatsOf(server.dataDir);
    const used = await measure();
    const stats = await roomStatsOf(server.dataDir);
    delays.push({ p99: stats.eventLoopDelayP99Ms, max: stats.eventLoopDelayMaxMs });
    count(seen, watchers);
    for (const watcher of watchers) await watcher.close();
    return used;
  };
  const alone = async () => {
    await settle();
    return measure();
  };
  stage.say(`${people} participants who watch each other, ${stage.pick(rounds, 2)} rounds`);
  await settle();
  const comparison = compare(await interleave(stage.pick(rounds, 2), watched, alone));
  await meeting.leave();
  const pairs = people * (people - 1);
  const perPair = (comparison.ours - comparison.baseline) / pairs;
  const p99 = median(delays.map((delay) => delay.p99)).toFixed(1);
  const worst = Math.max(...delays.map(({ max }) => max)).toFixed(1);
  stage.say(`${seen.packets} packets received, ${seen.missing} missing`);
  return rowOf({
    name: nameOf(people),
    baseline: "same meeting, nobody watches",
    comparison,
    format: units.cpuSeconds,
    beside: `${perPair.toFixed(2)} a pair; event loop late p99 ${p99} ms, most ${worst} ms`,
  });
}

function count(seen: Seen, watchers: readonly WhepSubscriber[]): void {
  for (const watcher of watchers) {
    for (const kind of ["audio", "video"] as const) {
      const { packets, missing } = watcher.total(kind);
      seen.packets += packets;
      seen.missing += missing;
    }
  }
}

async function cpuPerMinute(pid: number, durationMs: number): Promise<number> {
  const began = performance.now();
  const before = await cpuSeconds(pid);
  await sleep(durationMs);
  return ((await cpuSeconds(pid)) - before) * (60_000 / (performance.now() - began));
}
