import { type Announced, benchProgram, plainEnvironment, startChild } from "../childProcess.ts";
import { type ConnvoServer, ownConnvo } from "../connvoServer.ts";
import { cpuSeconds, residentBytes, usageIsKnown } from "../processUsage.ts";
import { notRun, type Row, rowOf, units } from "../row.ts";
import type { Stage } from "../stage.ts";
import { compare, percentile } from "../statistics.ts";
import { openBroadcast } from "./broadcast.ts";
import { makeMeetings, openMeeting } from "./connvoSockets.ts";
import { changeEach, type Delivered, type Meeting } from "./sockets.ts";

const people = 8;

/** What a change costs while many watch, against a bare broadcast of the same bytes, and against few who watch. */
export async function benchLive(stage: Stage): Promise<Row[]> {
  const count = stage.pick(125, 25);
  const clients = `${count * people} live clients in ${count} meetings`;
  if (!usageIsKnown()) return [notRun(`change told, ${clients}`, "needs Linux's /proc")];
  const server = await ownConnvo(stage, { CONNVO_ADDRESS_CONNECTION_LIMIT: "4096" });
  stage.say(`making ${count} meetings`);
  const places = await makeMeetings(server, { meetings: count, people });
  const [first, ...others] = places;
  if (!first) throw new RangeError("there is no meeting");
  const alone = await openMeeting(server, first);
  const rounds = stage.pick(5, 3);
  const few = await costOf(server, [alone], count * rounds);
  const before = await residentBytes(server.pid);
  const meetings = [alone];
  for (const place of others) meetings.push(await openMeeting(server, place));
  const sockets = (meetings.length - 1) * people;
  const ourBytes = ((await residentBytes(server.pid)) - before) / sockets;
  const many = await costOf(server, meetings, rounds);
  const bare = await bareBroadcast(stage, count, many.delivered.bytes);
  const spread = (p: number) => ({
    ours: percentile(many.delivered.seconds, p),
    baseline: percentile(bare.delivered.seconds, p),
  });
  const baseline = "bare ws, same bytes";
  const told = { baseline, format: units.milliseconds };
  return [
    rowOf({ name: `change → told, ${clients}, p50`, comparison: compare([spread(0.5)]), ...told }),
    rowOf({ name: `change → told, ${clients}, p99`, comparison: compare([spread(0.99)]), ...told }),
    rowOf({
      name: "memory of a live client",
      comparison: compare([{ ours: ourBytes, baseline: bare.bytes }]),
      baseline: "bare ws",
      format: (bytes) => `${(bytes / 1024).toFixed(1)} KiB`,
    }),
    rowOf({
      name: `CPU of a change told to ${people}, ${clients}`,
      comparison: compare([{ ours: many.cpu, baseline: few.cpu }]),
      baseline: `with ${people} live clients`,
      format: units.milliseconds,
      aim: { of: "ratio", most: 1.3 },
    }),
  ];
}

interface Cost {
  delivered: Delivered;
  /** Of the server for one change, s. */
  cpu: number;
}

/** Changes in all these meetings, again and again. */
async function costOf(
  { pid }: Pick<ConnvoServer, "pid">,
  meetings: readonly Meeting[],
  rounds: number,
): Promise<Cost> {
  await changeEach(meetings);
  const before = await cpuSeconds(pid);
  const all: Delivered = { seconds: [], bytes: 0 };
  for (let round = 0; round < rounds; round++) {
    const { seconds, bytes } = await changeEach(meetings);
    all.seconds.push(...seconds);
    all.bytes = Math.max(all.bytes, bytes);
  }
  const cpu = ((await cpuSeconds(pid)) - before) / (rounds * meetings.length);
  return { delivered: all, cpu };
}

async function bareBroadcast(stage: Stage, count: number, bytes: number) {
  const server: Announced<{ port: number }> = await startChild(
    [benchProgram, "broadcast", JSON.stringify({ bytes })],
    plainEnvironment(),
    (line) => JSON.parse(line) as { port: number },
  );
  stage.own("broadcast", () => server.stop());
  const before = await residentBytes(server.pid);
  const meetings: Meeting[] = [];
  for (let index = 0; index < count; index++)
    meetings.push(await openBroadcast(server.said.port, index, people));
  const perSocket = ((await residentBytes(server.pid)) - before) / (count * people);
  const { delivered } = await costOf(server, meetings, stage.pick(5, 3));
  return { delivered, bytes: perSocket };
}
