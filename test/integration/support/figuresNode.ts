import { randomUUID } from "node:crypto";
import type { Identity, UserIdentity } from "../../../src/auth/identity.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { silentLog } from "../../../src/core/log.ts";
import { openDatabase } from "../../../src/db/pool.ts";
import type { Database } from "../../../src/db/port.ts";
import { ResetFollower } from "../../../src/monitoring/breakers.ts";
import { NodeFigures } from "../../../src/monitoring/nodeFigures.ts";
import { type NodeGauges, writeFigures } from "../../../src/monitoring/writeFigures.ts";
import { SyncHub } from "../../../src/sync/hub.ts";
import { withResilience } from "../../../src/video/resilience.ts";
import type { TestDatabase } from "./database.ts";
import { LiveClient } from "./liveClient.ts";
import { meetingStage } from "./meetingCalls.ts";

/** What a node's machine says of itself where a test says nothing else. */
const quiet: NodeGauges = {
  ...{ connections: 0, subscriptions: 0, queries: 0, calls: 0, presences: 0 },
  ...{ cpu: 0.1, memory: 0.2 },
};

/** A node with connections of its own, wired as the server does it, that tells its figures when it is told to. */
export async function openFiguresNode(test: TestDatabase) {
  const db: Database = await openDatabase({
    ...{ connection: test.connection, poolSize: 6, namedStatements: true, log: silentLog },
  });
  // Of the time it knows what the database said last, whose clock tests set.
  const figures = new NodeFigures({ ...systemClock, now: () => 0 });
  const stage = meetingStage(
    { db },
    {},
    { onCall: (record, call) => figures.onCall(record, call) },
  );
  const { services, invoker, video } = stage;
  const guarded = withResilience(video, {
    log: silentLog,
    limits: { maxAttempts: 1, breaker: { failureRate: 0.5, windowMs: 600_000, minCalls: 2 } },
  });
  services.video = guarded;
  const prove = async (header: string | undefined) => identityIn(header);
  const hub = await SyncHub.open({
    ...{ db, invoker, clock: systemClock, log: silentLog, transactions: 3 },
    authenticator: {
      authenticate: prove,
      prove: async (header) => ({
        identity: await prove(header),
        goodUntil: Number.POSITIVE_INFINITY,
      }),
    },
    onTold: (told) => figures.onTold(told),
  });
  const resets = new ResetFollower(db, guarded);
  const nodeId = randomUUID();
  const node = {
    db,
    stage,
    figures,
    hub,
    video,
    nodeId,
    /** What is to be said of the machine. */
    gauges: {} as Partial<NodeGauges>,
    /** As the server does every few seconds. */
    tell: async () => {
      await resets.follow();
      await writeFigures({
        ...{ db, nodeId, figures, breakers: () => guarded.breakers() },
        gauges: () => {
          const { connections, subscriptions, queries } = hub.stats();
          return { ...quiet, connections, subscriptions, queries, ...node.gauges };
        },
      });
    },
    /** A client of this node that is signed in. */
    watcher: (identity: UserIdentity): LiveClient => {
      const client = new LiveClient(randomUUID());
      client.signIn(tokenOf(identity));
      client.connect(hub);
      return client;
    },
    close: async () => {
      await hub.close();
      await db.close();
    },
  };
  return node;
}

export type FiguresNode = Awaited<ReturnType<typeof openFiguresNode>>;

/** Tokens of these tests say who somebody is, and are signed by nobody. */
const tokenOf = (identity: UserIdentity) =>
  Buffer.from(JSON.stringify(identity)).toString("base64url");

function identityIn(header: string | undefined): Identity {
  const token = header?.replace(/^Bearer /, "");
  if (!token) return { kind: "anonymous" };
  return JSON.parse(Buffer.from(token, "base64url").toString()) as UserIdentity;
}
