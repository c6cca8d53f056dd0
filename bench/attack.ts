import autocannon from "autocannon";
import { ConnvoClient } from "./connvoClient.ts";
import { type ConnvoServer, ownConnvo, roomStatsOf } from "./connvoServer.ts";
import { LiveMeeting, loadLoops } from "./liveMeeting.ts";
import type { Target } from "./load.ts";
import { type Row, rowOf, units } from "./row.ts";
import type { Stage } from "./stage.ts";
import { compare, interleave, type Pair, percentile } from "./statistics.ts";

const fn = "users/queries:getCurrentUser";
/** Of a signed-in user, without end and as wide as a body may be; of a stranger, as long as any. */
const bodies = {
  wide: `{"args":{"a":[${"{},".repeat(80_000)}0]}}`,
  deep: `{"args":{"a":${"[".repeat(200_000)}`,
  long: `{"args":{"a":"${"x".repeat(2 * 2 ** 20)}"}}`,
};
const connectionsEach = 8;

/** What one round found, seconds. */
interface Found {
  call: number;
  server: number;
  rooms: number;
}

/** How long others wait while somebody sends bodies that are costly to read, beside the same without. */
export async function benchAttack(stage: Stage): Promise<Row[]> {
  const server = await ownConnvo(stage);
  const client = new ConnvoClient(server.url);
  const [alice, mallory] = [await client.signIn("Alice"), await client.signIn("Mallory")];
  const meeting = await LiveMeeting.open(stage, server, "Host", await loadLoops(2));
  await meeting.startRecording();
  const target = client.target(fn, alice.token);
  const attacks = attacksOf(client.target(fn, mallory.token));
  const seconds = stage.pick(8, 3);
  await watch(server, target, 2);
  const found: { calm: Found[]; attacked: Found[] } = { calm: [], attacked: [] };
  await interleave(
    stage.pick(5, 3),
    async () => {
      const ends = attacks.map((attack) => start(attack, seconds + 1));
      found.attacked.push(await watch(server, target, seconds));
      await Promise.all(ends);
      return 0;
    },
    async () => {
      found.calm.push(await watch(server, target, seconds));
      return 0;
    },
  );
  await meeting.stopRecording();
  const row = (name: string, of: keyof Found, most: number) =>
    rowOf({
      ...{ name, baseline: "without", format: units.milliseconds },
      comparison: compare(pairs(found, of)),
      aim: { of: "ours", most },
    });
  return [
    row("costly bodies: a call of another user, p99", "call", 0.25),
    row("costly bodies: delay of the server's event loop, at most", "server", 0.1),
    row("costly bodies: delay of the rooms' event loop, at most", "rooms", 0.1),
  ];
}

function pairs({ calm, attacked }: { calm: Found[]; attacked: Found[] }, of: keyof Found): Pair[] {
  return attacked.flatMap((ours, round) => {
    const baseline = calm[round];
    return baseline ? [{ ours: ours[of], baseline: baseline[of] }] : [];
  });
}

function attacksOf({ url, headers }: Target): Target[] {
  const { authorization: _, ...stranger } = headers;
  return [
    { url, headers, body: bodies.wide },
    { url, headers, body: bodies.deep },
    { url, headers: stranger, body: bodies.long },
  ];
}

/** In a thread of its own: what it costs to send is not to be measured here. */
function start({ url, headers, body }: Target, seconds: number): Promise<unknown> {
  const load = { connections: connectionsEach, duration: seconds, workers: 1 };
  return autocannon({ url, method: "POST", headers, body, ...load });
}

/** Calls one after the other, and what both processes tell of their loops meanwhile. */
async function watch(server: ConnvoServer, target: Target, seconds: number): Promise<Found> {
  await lagOf(server);
  await roomStatsOf(server.dataDir);
  const waits: number[] = [];
  const until = performance.now() + seconds * 1000;
  while (performance.now() < until) {
    const began = performance.now();
    const { url, headers, body } = target;
    const answer = await fetch(url, { method: "POST", headers, body });
    await answer.arrayBuffer();
    if (!answer.ok) throw new Error(`a call beside the attack is answered with ${answer.status}`);
    waits.push((performance.now() - began) / 1000);
  }
  const { eventLoopDelayMaxMs } = await roomStatsOf(server.dataDir);
  return {
    call: percentile(waits, 0.99),
    server: await lagOf(server),
    rooms: eventLoopDelayMaxMs / 1000,
  };
}

/** The longest delay of the server's event loop since it was asked last, seconds. */
async function lagOf({ url }: ConnvoServer): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lag = /^nodejs_eventloop_lag_max_seconds (\S+)/m.exec(text)?.[1];
  if (lag === undefined) throw new Error("the server does not tell its event loop's delay");
  return Number(lag);
}
