import autocannon from "autocannon";
import { deliveryOf } from "../../src/synth/getstream/deliveries.ts";
import { ownBareServer } from "../bareServerProcess.ts";
import { ownConnvo, postgresOf } from "../connvoServer.ts";
import { type Row, rowOf, units } from "../row.ts";
import type { Stage } from "../stage.ts";
import { compare, interleave } from "../statistics.ts";

const keys = { apiKey: "bench-key", apiSecret: "bench-secret" };
const connections = 16;
/** What every delivery costs at least: it is durable before it is answered. */
const insert = {
  name: "insert",
  text: `INSERT INTO provider_notices (id, type, room_id, body)
    VALUES (gen_random_uuid()::text, 'call.updated', 'bench', '{"type":"call.updated"}')`,
  values: [],
};

/** Stream's deliveries a second, against a bare server that inserts a row for each. */
export async function benchStreamWebhooks(stage: Stage): Promise<Row[]> {
  const server = await ownConnvo(stage, {
    ...{ STREAM_API_KEY: keys.apiKey, STREAM_API_SECRET: keys.apiSecret },
  });
  const postgres = await postgresOf(server.dataDir);
  stage.own("PostgreSQL", () => postgres.stop());
  const { connection } = postgres;
  const bare = await ownBareServer(stage, { connection, queries: [insert] });
  const amount = stage.pick(8_000, 1_000);
  const ours = () => deliver(`${server.url}/webhooks/getstream`, amount);
  const baseline = () => deliver(`${bare.said.url}/query`, amount);
  stage.say(`${amount} deliveries a round`);
  await interleave(1, ours, baseline);
  return [
    rowOf({
      name: "webhooks of Stream taken",
      baseline: "bare Fastify + one insert",
      comparison: compare(await interleave(stage.pick(5, 3), ours, baseline)),
      format: units.perSecond,
      aim: { of: "ratio", least: 0.5 },
    }),
  ];
}

/** Each another event of its own; signed beforehand. @returns how many a second */
async function deliver(url: string, amount: number): Promise<number> {
  const each = Math.ceil(amount / connections);
  const lists = Array.from({ length: connections }, () =>
    Array.from({ length: each }, () => request(url)),
  );
  let at = 0;
  const began = performance.now();
  const result = await autocannon({
    ...{ url, method: "POST", connections, amount: each * connections },
    setupClient: (client) => client.setRequests(lists[at++ % connections] ?? []),
  });
  const seconds = (performance.now() - began) / 1000;
  const good = result["2xx"];
  if (good !== each * connections) throw new Error(`${good} of ${amount} deliveries were taken`);
  return good / seconds;
}

function request(url: string): autocannon.Request {
  const event = {
    ...{ type: "call.session_participant_count_updated", call_cid: "default:bench" },
    ...{ session_id: "s", participants_count_by_role: { user: 3 }, anonymous_participant_count: 0 },
  };
  const { body, headers } = deliveryOf(event, keys);
  return { method: "POST", path: new URL(url).pathname, headers, body };
}
