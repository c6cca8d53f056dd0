import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { UserIdentity } from "../../../src/auth/identity.ts";
import { removeOldRows } from "../../../src/jobs/retention.ts";
import { leaveFigures, writeFigures } from "../../../src/monitoring/writeFigures.ts";
import { patience, takeTime } from "../../support/patience.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { type FiguresNode, openFiguresNode } from "../support/figuresNode.ts";
import { admin, meetingOf, person, userIdOf } from "../support/meetingCalls.ts";

takeTime();

interface Checked {
  allowed: boolean;
  currentUsage: { bytes: number; requests: number; subscriptions: number };
  reason?: string;
  retryAfterMs?: number;
  userTier: string;
}

interface Stats {
  globalStats?: {
    totalBytesTransferred: number;
    totalRequests: number;
    totalSubscriptions: number;
    windowStart: number;
  };
  userStats: {
    bytesTransferred: number;
    priority: string;
    requestCount: number;
    subscriptionCount: number;
    windowStart: number;
  };
}

interface Breakers {
  breakers: { service: string; state: string; failures: number }[];
  summary: Record<"totalBreakers" | "closedBreakers" | "halfOpenBreakers" | "openBreakers", number>;
}

interface Load {
  shouldShed: boolean;
  reason?: string;
  systemLoad: {
    activeConnections: number;
    cpuUsage: number;
    memoryUsage: number;
    queueDepth: number;
  };
}

const manager = "monitoring/bandwidthManager";
let test: TestDatabase;
let here: FiguresNode;
let there: FiguresNode;
let user: UserIdentity;
const operator = person({ orgId: "org_operator", orgRole: "admin" });

beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.close());
beforeEach(async () => {
  await test.stopTime();
  // Whatever was told before has gone, and a full minute begins.
  await test.advanceTime(3_600_000);
  await removeOldRows(test.db);
  here = await openFiguresNode(test);
  there = await openFiguresNode(test);
  await tell();
  user = person();
  return () => Promise.all([here.close(), there.close()]);
});

const tell = async () => {
  await here.tell();
  await there.tell();
};
const call = <T>(node: FiguresNode, name: string, args: object = {}, who = user) =>
  node.stage.call<T>(who, `${manager}:${name}`, args);
const check = (node: FiguresNode, args: object = {}, who = user) =>
  call<Checked>(node, "checkBandwidthLimit", { requestType: "query", ...args }, who);
const stats = (node: FiguresNode, who = user) =>
  call<Stats>(node, "getBandwidthStats", { includeGlobal: true }, who);
const load = (node: FiguresNode, requestPriority: string) =>
  call<Load>(node, "shouldShedLoad", { requestPriority });
const breakers = (node: FiguresNode) => call<Breakers>(node, "getCircuitBreakerStatus");

/** Asks for the same some times. */
async function ask(node: FiguresNode, times: number, who = user): Promise<void> {
  for (let i = 0; i < times; i++) await node.stage.call(who, "users/queries:getCurrentUser");
}

/** Lets the video provider fail until its breaker opens. */
async function breakAt(node: FiguresNode): Promise<void> {
  node.video.unreachable = true;
  const ref = { meetingId: "m", roomId: "r", recordingId: "x" };
  for (let i = 0; i < 2; i++)
    await node.stage.services.video.recordingState(ref).catch(() => undefined);
  node.video.unreachable = false;
}

describe("what somebody has used in a minute", () => {
  it("is what they asked for at all nodes, and the same at each", async () => {
    await ask(here, 3);
    await ask(there, 2);
    await tell();
    const usage = (await check(here)).currentUsage;
    expect(usage).toMatchObject({ requests: 5, subscriptions: 0 });
    expect(usage.bytes).toBeGreaterThan(0);
    expect((await check(there)).currentUsage).toEqual(usage);
    const { userStats } = await stats(there);
    expect(userStats).toMatchObject({
      ...{ requestCount: 5, bytesTransferred: usage.bytes, priority: "premium" },
      ...{ subscriptionCount: 0 },
    });
    expect(userStats.windowStart % 60_000).toBe(0);
  });

  it("is nobody else's, and that of all is everybody's", async () => {
    const other = person();
    await ask(here, 2);
    await ask(there, 4, other);
    await tell();
    expect((await check(here)).currentUsage.requests).toBe(2);
    const { globalStats, userStats } = await stats(here, other);
    expect(userStats.requestCount).toBe(4);
    expect(globalStats).toMatchObject({ totalRequests: 6, windowStart: userStats.windowStart });
    expect(globalStats?.totalBytesTransferred).toBeGreaterThan(userStats.bytesTransferred);
    const own = await call<Stats>(here, "getBandwidthStats", {}, other);
    expect(own).not.toHaveProperty("globalStats");
  });

  it("is written again while it grows, and begins anew with the next minute", async () => {
    await ask(here, 1);
    await here.tell();
    await ask(here, 2);
    await here.tell();
    await here.tell();
    expect((await stats(there)).userStats.requestCount).toBe(3);
    await test.advanceTime(60_000);
    await tell();
    expect((await stats(there)).userStats.requestCount).toBe(0);
    await ask(here, 1);
    await here.tell();
    expect((await stats(there)).userStats.requestCount).toBe(1);
  });

  it("is told when the database could not be reached in between, once", async () => {
    await ask(here, 2);
    const broken = { ...here.db, transaction: () => Promise.reject(new Error("away")) };
    const { figures, nodeId } = here;
    const gauges = () => ({
      ...{ connections: 0, subscriptions: 0, queries: 0, calls: 0 },
      presences: 0,
      cpu: 0,
      memory: 0,
    });
    await expect(
      writeFigures({ db: broken as never, figures, nodeId, gauges, breakers: () => [] }),
    ).rejects.toThrow("away");
    expect((await stats(there)).userStats.requestCount).toBe(0);
    await here.tell();
    expect((await stats(there)).userStats.requestCount).toBe(2);
  });

  it("counts what live clients are sent, and what they watch at every node", async () => {
    await userIdOf(here.stage, user);
    const client = here.watcher(user);
    const other = there.watcher(user);
    client.subscribe(1, "users/queries:getCurrentUser", {});
    client.subscribe(2, "users/queries:getOnboardingState", {});
    other.subscribe(1, "users/queries:getCurrentUser", {});
    await vi.waitFor(() => expect([client.view.size, other.view.size]).toEqual([2, 1]), patience);
    await tell();
    const { globalStats, userStats } = await stats(here);
    expect(globalStats?.totalSubscriptions).toBe(3);
    // One request made the row; what is watched runs by itself, and is sent.
    expect(userStats.requestCount).toBe(1);
    expect(userStats.bytesTransferred).toBeGreaterThan(500);
    client.disconnect();
    other.disconnect();
  });
});

describe("checkBandwidthLimit", () => {
  it("refuses nothing, and says when a minute's requests are used up at all nodes together", async () => {
    const free = person({ plan: "free" });
    await ask(here, 150, free);
    await ask(there, 149, free);
    await tell();
    expect(await check(here, {}, free)).toMatchObject({ allowed: true, userTier: "standard" });
    await tell();
    const { retryAfterMs, ...full } = await check(there, {}, free);
    expect(full).toMatchObject({
      ...{ allowed: false, reason: "300 requests a minute", userTier: "standard" },
      currentUsage: { requests: 300 },
    });
    expect(retryAfterMs).toBeGreaterThan(0);
    expect(retryAfterMs).toBeLessThanOrEqual(60_000);
    await test.advanceTime(retryAfterMs ?? 0);
    expect(await check(there, {}, free)).toMatchObject({ allowed: true });
  });

  it("counts the bytes that are to come; what never fits is not to be waited for", async () => {
    const most = 10 * 2 ** 20;
    expect(await check(here, { estimatedBytes: most })).toMatchObject({ allowed: true });
    await tell();
    const used = await check(here, { estimatedBytes: most });
    expect(used).toMatchObject({ allowed: false, reason: `${most} bytes a minute` });
    expect(used.retryAfterMs).toBeGreaterThan(0);
    expect(await check(here, { estimatedBytes: most + 1 })).not.toHaveProperty("retryAfterMs");
  });

  it("counts established subscriptions, for another one alone", async () => {
    const free = person({ plan: "free" });
    const meetingId = await meetingOf(here.stage, free);
    const wish = { resourceType: "participants", resourceId: meetingId };
    for (let i = 0; i < 20; i++)
      await there.stage.call(free, "realtime/subscriptionManager:establishSubscription", {
        ...{ ...wish, subscriptionId: `window_${i}` },
      });
    expect(await check(here, { requestType: "subscription" }, free)).toMatchObject({
      ...{ allowed: false, reason: "20 subscriptions at once" },
      currentUsage: { subscriptions: 20 },
    });
    expect(await check(here, {}, free)).toMatchObject({ allowed: true });
  });

  it.each([-1, 0.5])("takes no estimate of %d bytes", async (estimatedBytes) => {
    const args = { requestType: "query", estimatedBytes };
    expect(await here.stage.refusal(user, `${manager}:checkBandwidthLimit`, args)).toMatchObject({
      ...{ code: "VALIDATION_ERROR", metadata: { field: "estimatedBytes" } },
    });
  });

  it("may be asked 120 times a minute", async () => {
    const asked = Array.from({ length: 400 }, () =>
      here.stage.outcome(user, `${manager}:checkBandwidthLimit`, { requestType: "query" }),
    );
    const refused = (await Promise.all(asked)).flatMap((outcome) =>
      "refusal" in outcome ? outcome.refusal.code : [],
    );
    expect(refused.length).toBeGreaterThan(0);
    expect(new Set(refused)).toEqual(new Set(["RATE_LIMIT_EXCEEDED"]));
  });
});

describe("shouldShedLoad", () => {
  it("goes by the node that is worst off, and counts the clients and calls of all", async () => {
    here.gauges = { connections: 3, calls: 2, cpu: 0.3, memory: 0.86 };
    there.gauges = { connections: 4, calls: 5, cpu: 0.91, memory: 0.2 };
    await tell();
    const systemLoad = {
      ...{ activeConnections: 7, queueDepth: 7, cpuUsage: 0.91, memoryUsage: 0.86 },
    };
    for (const node of [here, there]) {
      expect(await load(node, "low")).toEqual({
        ...{ shouldShed: true, systemLoad },
        reason: "The processors and memory of a node are taken",
      });
      expect(await load(node, "normal")).toEqual({
        ...{ shouldShed: true, systemLoad, reason: "The processors of a node are taken" },
      });
      expect(await load(node, "high")).toEqual({ shouldShed: false, systemLoad });
    }
    there.gauges = { cpu: 1, memory: 1 };
    await tell();
    expect(await load(here, "high")).toMatchObject({ shouldShed: true });
    expect(await load(here, "critical")).toMatchObject({ shouldShed: false });
  });

  it("forgets a node that has been killed after 20 s, and one that was stopped at once", async () => {
    there.gauges = { connections: 4, calls: 5, cpu: 0.99 };
    await tell();
    await test.advanceTime(19_000);
    await here.tell();
    expect((await load(here, "low")).systemLoad).toMatchObject({ activeConnections: 4 });
    await test.advanceTime(1_000);
    await here.tell();
    const alone = await load(here, "low");
    expect(alone).toMatchObject({ shouldShed: false, systemLoad: { activeConnections: 0 } });
    await there.tell();
    expect((await load(here, "low")).systemLoad.activeConnections).toBe(4);
    await leaveFigures(there.db, there.nodeId);
    expect((await load(here, "low")).systemLoad.activeConnections).toBe(0);
  });
});

describe("circuit breakers", () => {
  const recordingState = async (node: FiguresNode) =>
    (await breakers(node)).breakers.find(({ service }) => service === "embedded.recordingState");

  it("are told as they are where they are worst, with the failures of all nodes", async () => {
    expect((await breakers(there)).summary).toEqual({
      ...{ totalBreakers: 10, closedBreakers: 10, halfOpenBreakers: 0, openBreakers: 0 },
    });
    await breakAt(here);
    await here.stage.services.video.createRoom({} as never).catch(() => undefined);
    await tell();
    const open = { service: "embedded.recordingState", state: "open", failures: 2 };
    expect(await recordingState(there)).toEqual(open);
    expect(await recordingState(here)).toEqual(open);
    await breakAt(there);
    await tell();
    expect(await recordingState(here)).toEqual({ ...open, failures: 4 });
    expect((await breakers(here)).summary).toMatchObject({ openBreakers: 1, closedBreakers: 9 });
  });

  it("are reset on every node, once, whoever asks for it where", async () => {
    await breakAt(here);
    await breakAt(there);
    await tell();
    const args = { serviceName: "embedded.recordingState" };
    const reset = await call<{ success: boolean; message: string }>(
      there,
      "resetCircuitBreaker",
      args,
      operator,
    );
    expect(reset).toMatchObject({ success: true });
    await tell();
    expect(await recordingState(here)).toMatchObject({ state: "closed", failures: 0 });
    await breakAt(here);
    await tell();
    expect(await recordingState(there)).toMatchObject({ state: "open", failures: 2 });
    const entries = await test.sql(
      "SELECT resource_id, org_id, metadata FROM audit_logs WHERE action = 'circuit_breaker_reset'",
    );
    expect(entries).toEqual([
      {
        ...{ resource_id: args.serviceName, org_id: "org_operator" },
        metadata: { state: "open", failures: 4, success: true },
      },
    ]);
  });

  it("of a node that starts later are left as they are", async () => {
    const args = { serviceName: "embedded.recordingState" };
    await here.stage.call(admin, `${manager}:resetCircuitBreaker`, args);
    const late = await openFiguresNode(test);
    await breakAt(late);
    await late.tell();
    expect(await recordingState(here)).toMatchObject({ state: "open" });
    await late.close();
  });

  it("that do not exist cannot be reset", async () => {
    for (const serviceName of ["", "embedded.nothing", "x".repeat(300)])
      expect(
        await here.stage.refusal(operator, `${manager}:resetCircuitBreaker`, { serviceName }),
      ).toMatchObject({ code: "NOT_FOUND", metadata: { id: serviceName.slice(0, 64) } });
  });
});

describe("executeWithCircuitBreaker", () => {
  const args = { operationId: "probe", serviceName: "embedded.recordingState" };
  const execute = (node: FiguresNode) =>
    call<Record<string, unknown>>(node, "executeWithCircuitBreaker", args, operator);

  it("asks the provider, through the breaker", async () => {
    const before = here.video.calls.recordingState.length;
    const { result, ...rest } = await execute(here);
    expect(rest).toEqual({ circuitState: "closed", success: true });
    expect(result).toMatchObject({ operationId: "probe" });
    expect(here.video.calls.recordingState).toHaveLength(before + 1);
  });

  it("tells that the provider does not answer, and asks no more once the breaker is open", async () => {
    here.video.unreachable = true;
    const failed = await execute(here);
    expect(failed).toEqual({ circuitState: "closed", success: false, error: "no answer" });
    expect(await execute(here)).toMatchObject({ circuitState: "open", success: false });
    const asked = here.video.calls.recordingState.length;
    expect(await execute(here)).toMatchObject({
      ...{ circuitState: "open", success: false, error: expect.stringContaining("left alone") },
    });
    expect(here.video.calls.recordingState).toHaveLength(asked);
    expect(await execute(there)).toMatchObject({ circuitState: "closed", success: true });
  });

  it("does nothing that changes something", async () => {
    const refusal = (serviceName: string) =>
      here.stage.refusal(operator, `${manager}:executeWithCircuitBreaker`, {
        ...{ ...args, serviceName },
      });
    expect(await refusal("embedded.startRecording")).toMatchObject({
      ...{ code: "VALIDATION_ERROR", metadata: { field: "serviceName" } },
    });
    expect(await refusal("payments")).toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("live queries of figures", () => {
  const commits = async (key: string) =>
    (
      await test.sql<{ count: number }>(
        "SELECT count(*)::int AS count FROM commit_log WHERE $1 = ANY(keys)",
        [key],
      )
    )[0]?.count ?? 0;
  const both = async () => [await commits("figures:nodes"), await commits("figures:day")];

  it("are told to run again at most every 4 s, those of hours every minute, by however many nodes", async () => {
    await test.advanceTime(100_000);
    const [nodes = 0, day = 0] = await both();
    const tellOften = async () => {
      for (let i = 0; i < 5; i++) await tell();
      return both();
    };
    expect(await tellOften()).toEqual([nodes + 1, day + 1]);
    await test.advanceTime(4_001);
    expect(await tellOften()).toEqual([nodes + 2, day + 1]);
    await test.advanceTime(60_001);
    expect(await tellOften()).toEqual([nodes + 3, day + 2]);
  });

  it("are told what another node does", async () => {
    await test.advanceTime(10_000);
    await userIdOf(here.stage, user);
    const client = here.watcher(user);
    client.subscribe(1, `${manager}:shouldShedLoad`, { requestPriority: "low" });
    await vi.waitFor(() => expect(client.view.size).toBe(1), patience);
    there.gauges = { connections: 17 };
    await there.tell();
    await vi.waitFor(
      () =>
        expect(client.view.get(1)).toMatchObject({
          value: { systemLoad: { activeConnections: 17 } },
        }),
      patience,
    );
    expect(client.faults).toEqual([]);
    client.disconnect();
  });
});
