import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { UserIdentity } from "../../../src/auth/identity.ts";
import { removeOldRows } from "../../../src/jobs/retention.ts";
import { patience, takeTime } from "../../support/patience.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { type FiguresNode, openFiguresNode } from "../support/figuresNode.ts";
import { admin, meetingOf, person, userIdOf } from "../support/meetingCalls.ts";

takeTime();

interface Metrics {
  metrics: {
    functionName: string;
    executionTimeMs: number;
    success: boolean;
    errorType?: string;
    traceId: string;
    timestamp: number;
  }[];
  aggregatedStats: Record<string, number>;
  sloCompliance: Record<string, number | boolean>;
}

interface Breakdown {
  functions: { functionName: string; callCount: number; errorCount: number }[];
  summary: Record<string, number>;
}

interface Trends {
  timeSeries: { timestamp: number; callCount: number; errorCount: number; successRate: number }[];
  trends: Record<string, string>;
}

interface Told {
  subscriptionId: string;
  updateCount: number;
  errors: number;
  lastUpdate: number;
  durationMs: number;
  updatesPerSecond: number;
  avgLatency: number;
  sloCompliant: boolean;
}

const queries = "monitoring/performanceQueries";
const operator = person({ orgId: "org_operator", orgRole: "admin" });
let test: TestDatabase;
let here: FiguresNode;
let there: FiguresNode;

beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.close());
beforeEach(async () => {
  await test.stopTime();
  // Whatever was told before is too old, and a full minute begins.
  await test.advanceTime(26 * 3_600_000);
  await removeOldRows(test.db);
  here = await openFiguresNode(test);
  there = await openFiguresNode(test);
  await tell();
  return () => Promise.all([here.close(), there.close()]);
});

const tell = async () => {
  await here.tell();
  await there.tell();
};
const ask = <T>(node: FiguresNode, name: string, args: object = {}, who = operator) =>
  node.stage.call<T>(who, `${queries}:${name}`, args);

/** Calls that have ended at a node, as the server tells of them. */
function ended(node: FiguresNode, count: number, change: object = {}): void {
  for (let i = 0; i < count; i++)
    node.figures.onCall(
      {
        ...{ fn: "test:fast", kind: "query", requestId: `r${i}`, outcome: "success" },
        ...{ bytes: 10, ms: 4, ...change },
      },
      { identity: { kind: "anonymous" } },
    );
}
const broke = { fn: "test:broken", kind: "mutation", outcome: "broken", code: "INTERNAL_ERROR" };
const failing = { ...broke, blame: "us", ms: 30 };

describe("the calls of all nodes", () => {
  it("are told by every node alike, by function", async () => {
    ended(here, 3);
    ended(there, 96);
    ended(there, 1, { ms: 300 });
    ended(there, 2, failing);
    await tell();
    const told = await ask<Breakdown>(here, "getFunctionPerformanceBreakdown");
    expect(told.functions).toMatchObject([
      {
        ...{ functionName: "test:fast", callCount: 100, errorCount: 0, successRate: 1 },
        ...{ sloBreaches: 1, sloCompliant: true, avgExecutionTime: (99 * 4 + 300) / 100 },
      },
      {
        ...{ functionName: "test:broken", callCount: 2, errorCount: 2, successRate: 0 },
        ...{ sloBreaches: 2, sloCompliant: false },
      },
    ]);
    expect(told.summary).toEqual({
      ...{ totalCalls: 102, totalFunctions: 2, overallSuccessRate: 100 / 102 },
      ...{ sloCompliantFunctions: 1, sloComplianceRate: 0.5 },
    });
    expect(await ask(there, "getFunctionPerformanceBreakdown")).toEqual(told);
  });

  it("are the real ones: what a caller does wrong is no failure", async () => {
    const user = person();
    await userIdOf(here.stage, user);
    await userIdOf(there.stage, user);
    await here.stage.refusal(user, "meetings/queries:getMeeting", { meetingId: "meeting_none" });
    await tell();
    const { functions } = await ask<Breakdown>(there, "getFunctionPerformanceBreakdown");
    expect(functions).toMatchObject([
      { functionName: "users/queries:getCurrentUser", callCount: 2, errorCount: 0 },
      { functionName: "meetings/queries:getMeeting", callCount: 1, errorCount: 0 },
    ]);
  });

  it("keep examples: those that failed and the slowest, of every node", async () => {
    ended(here, 40, { requestId: "usual" });
    ended(here, 1, { requestId: "slow", ms: 900 });
    ended(here, 1, { ...failing, requestId: "broken" });
    ended(there, 1, { requestId: "elsewhere", ms: 1 });
    await tell();
    const { metrics, aggregatedStats } = await ask<Metrics>(there, "getPerformanceMetrics");
    const traces = metrics.map(({ traceId }) => traceId);
    expect(metrics).toHaveLength(21);
    expect(new Set(traces)).toEqual(new Set(["usual", "slow", "broken", "elsewhere"]));
    expect(metrics.find(({ traceId }) => traceId === "broken")).toEqual({
      ...{ functionName: "test:broken", traceId: "broken", executionTimeMs: 30 },
      ...{ success: false, errorType: "INTERNAL_ERROR", timestamp: expect.any(Number) },
    });
    expect(aggregatedStats).toMatchObject({ count: 43, sloBreaches: 2 });
    const one = { functionName: "test:broken", limit: 1 };
    const narrow = await ask<Metrics>(here, "getPerformanceMetrics", one);
    expect(narrow.metrics.map(({ traceId }) => traceId)).toEqual(["broken"]);
    expect(narrow.aggregatedStats).toMatchObject({ count: 1, successRate: 0 });
  });

  it("are held against 120 and 250 ms exactly", async () => {
    ended(here, 50, { ms: 120 });
    ended(there, 45, { ms: 120 });
    ended(there, 5, { ms: 121 });
    await tell();
    const kept = await ask<Metrics>(here, "getPerformanceMetrics");
    expect(kept.sloCompliance).toMatchObject({ currentP95: 120, queryP95Compliant: true });
    ended(here, 1, { ms: 121 });
    await here.tell();
    const missed = await ask<Metrics>(there, "getPerformanceMetrics");
    expect(missed.sloCompliance).toMatchObject({
      queryP95Compliant: false,
      queryP99Compliant: true,
    });
  });

  it("stay told when their node has been killed, for a day", async () => {
    ended(there, 7);
    await there.tell();
    await there.close();
    const day = { timeWindowMs: 86_400_000 };
    const count = async (args: object) =>
      (await ask<Metrics>(here, "getPerformanceMetrics", args)).aggregatedStats["count"];
    await test.advanceTime(3_700_000);
    expect(await count({})).toBe(0);
    expect(await count(day)).toBe(7);
    await test.advanceTime(26 * 3_600_000);
    await removeOldRows(test.db);
    for (const table of ["node_minutes", "call_minutes", "user_minutes", "nodes"])
      expect(await test.sql(`SELECT 1 FROM ${table}`), table).toEqual([]);
    there = await openFiguresNode(test);
  });

  it("are told of a minute to a day", async () => {
    for (const timeWindowMs of [59_999, 86_400_001, 60_000.5])
      for (const name of ["getPerformanceMetrics", "getSLOStatus", "getPerformanceTrends"])
        expect(
          await here.stage.refusal(operator, `${queries}:${name}`, { timeWindowMs }),
        ).toMatchObject({ code: "VALIDATION_ERROR", metadata: { field: "timeWindowMs" } });
    expect(
      await here.stage.refusal(operator, `${queries}:getPerformanceMetrics`, { limit: 101 }),
    ).toMatchObject({ metadata: { field: "limit" } });
  });
});

describe("getSLOStatus", () => {
  it("is that of all nodes together", async () => {
    ended(here, 94, { ms: 10 });
    ended(there, 6, { ms: 170 });
    await tell();
    const told = await ask<{ slos: object[]; overall: object; alerts: object[] }>(
      here,
      "getSLOStatus",
    );
    expect(told.slos[0]).toMatchObject({ name: "query_p95", status: "warning", breachCount: 6 });
    expect(told.overall).toMatchObject({ status: "warning", score: 0.75 });
    expect(told.alerts).toMatchObject([{ sloName: "query_p95", severity: "warning" }]);
    expect(await ask(there, "getSLOStatus")).toEqual(told);
  });
});

describe("getPerformanceTrends", () => {
  it("tells minute by minute what all nodes did, and where it leads to", async () => {
    const trends = () =>
      ask<Trends>(here, "getPerformanceTrends", {
        ...{ timeWindowMs: 240_000, bucketSizeMs: 60_000 },
      });
    expect((await trends()).trends).toEqual({
      ...{ errorTrend: "stable", latencyTrend: "stable", throughputTrend: "stable" },
    });
    ended(here, 10, { ms: 10 });
    await tell();
    await test.advanceTime(180_000);
    await tell();
    ended(here, 10, { ms: 90 });
    ended(there, 20, { ms: 90 });
    ended(there, 10, failing);
    await tell();
    await test.advanceTime(55_000);
    const told = await trends();
    const counts = told.timeSeries.map(({ callCount }) => callCount);
    // To have asked for the trends was a call.
    expect(counts.filter((count) => count > 0)).toEqual([11, 40]);
    expect(told.timeSeries.find(({ callCount }) => callCount === 40)).toMatchObject({
      ...{ errorCount: 10, successRate: 0.75 },
    });
    for (const { timestamp } of told.timeSeries) expect(timestamp % 60_000).toBe(0);
    expect(told.trends).toEqual({
      ...{ errorTrend: "degrading", latencyTrend: "degrading", throughputTrend: "increasing" },
    });
  });

  it("does not take a stretch that is not over for a decrease", async () => {
    for (let minute = 0; minute < 6; minute++) {
      ended(here, 60);
      await here.tell();
      await test.advanceTime(60_000);
      await here.tell();
    }
    const [now] = await test.sql<{ ms: number }>(
      "SELECT (extract(epoch FROM app_now()) * 1000)::float8 AS ms",
    );
    ended(here, Math.round(((now?.ms ?? 0) % 60_000) / 1000));
    await here.tell();
    const args = { timeWindowMs: 360_000, bucketSizeMs: 120_000 };
    const { trends, timeSeries } = await ask<Trends>(there, "getPerformanceTrends", args);
    expect(timeSeries).toHaveLength(4);
    expect(trends).toMatchObject({ throughputTrend: "stable" });
  });

  it.each([
    [{ bucketSizeMs: 90_000 }],
    [{ bucketSizeMs: 0 }],
    [{ bucketSizeMs: 60_000, timeWindowMs: 86_400_000 }],
  ])("refuses %o", async (args) => {
    expect(
      await here.stage.refusal(operator, `${queries}:getPerformanceTrends`, args),
    ).toMatchObject({
      ...{ code: "VALIDATION_ERROR", metadata: { field: "bucketSizeMs" } },
    });
  });
});

describe("recordCustomMetric", () => {
  const metric = { metricName: "page.load", value: 1.5, tags: { page: "room" }, timestamp: 7 };

  it("is told by the audit log to the organisation's administrators", async () => {
    await ask(here, "recordCustomMetric", metric);
    await ask(there, "recordCustomMetric", metric, admin as UserIdentity);
    const { logs } = await there.stage.call<{ logs: object[] }>(
      operator,
      "audit/logging:getAuditLogs",
      { action: "custom_metric_recorded" },
    );
    expect(logs).toMatchObject([
      {
        ...{ resourceType: "metric", resourceId: "page.load" },
        metadata: { value: 1.5, timestamp: 7, "tag.page": "room", success: true },
      },
    ]);
  });

  it.each([
    [{ metricName: "" }, "metricName"],
    [{ metricName: "a b" }, "metricName"],
    [{ timestamp: -1 }, "timestamp"],
    [{ tags: { page: "x".repeat(129) } }, "tags"],
    [{ tags: { page: "a\u202eb" } }, "tags"],
    [{ tags: Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`t${i}`, "x"])) }, "tags"],
  ])("refuses %o", async (change, field) => {
    const args = { ...metric, ...change };
    expect(await here.stage.refusal(operator, `${queries}:recordCustomMetric`, args)).toMatchObject(
      {
        ...{ code: "VALIDATION_ERROR", metadata: { field } },
      },
    );
  });
});

describe("established subscriptions", () => {
  const manager = "realtime/subscriptionManager";
  let host: UserIdentity;
  let meetingId: string;
  beforeEach(async () => {
    host = person({ orgId: "org_followed" });
    meetingId = await meetingOf(here.stage, host);
  });

  const establish = (subscriptionId: string, change: object = {}) =>
    there.stage.call(host, `${manager}:establishSubscription`, {
      ...{ subscriptionId, resourceType: "participants", resourceId: meetingId, ...change },
    });
  const own = (node: FiguresNode, who = host) =>
    node.stage.call<{
      totalActive: number;
      byPriority: object;
      byResourceType: object;
      performanceStats: { subscriptionId: string; stats: Omit<Told, "subscriptionId"> }[];
    }>(who, `${manager}:getSubscriptionStats`);

  /** Follows the meeting's people at a node, under that name. */
  async function follow(node: FiguresNode, subscriptionId: string) {
    const client = node.watcher(host);
    client.subscribe(1, "realtime/subscriptions:subscribeMeetingParticipants", {
      ...{ meetingId, subscriptionId },
    });
    await vi.waitFor(() => expect(client.view.size).toBe(1), patience);
    return {
      /** Waits until it is told of the presence that everybody has now. */
      sees: (presence: string) =>
        vi.waitFor(
          () =>
            expect(client.view.get(1)).toMatchObject({ value: { participants: [{ presence }] } }),
          patience,
        ),
      stop: () => client.disconnect(),
    };
  }
  /** Changes that live clients of all nodes were told of since these started. */
  const told = () => here.hub.stats().updates + there.hub.stats().updates;
  const join = () => there.stage.call(host, "meetings/lifecycle:joinMeeting", { meetingId });
  const leave = () => there.stage.call(host, "meetings/lifecycle:leaveMeeting", { meetingId });

  it("are counted by priority and resource, and are the caller's own", async () => {
    await establish("one", { priority: "high" });
    await establish("two", { resourceType: "meetingNotes" });
    await establish("three");
    expect(await own(here)).toMatchObject({
      ...{ totalActive: 3, byPriority: { high: 1, normal: 2 } },
      byResourceType: { participants: 2, meetingNotes: 1 },
    });
    expect(await own(here, person())).toEqual({
      ...{ totalActive: 0, byPriority: {}, byResourceType: {}, performanceStats: [] },
    });
    await test.advanceTime(3_600_000);
    expect(await own(here)).toMatchObject({ totalActive: 0 });
  });

  it("have what was told of them at all nodes, and nothing of others", async () => {
    await establish("window");
    await establish("other");
    const [first, second] = [await follow(here, "window"), await follow(there, "window")];
    await join();
    await first.sees("joined");
    await leave();
    await Promise.all([first.sees("left"), second.sees("left")]);
    first.stop();
    second.stop();
    await tell();
    const { performanceStats } = await own(here);
    const byName = Object.fromEntries(
      performanceStats.map(({ subscriptionId, stats }) => [subscriptionId, stats]),
    );
    const { updateCount, avgLatency = 0, lastUpdate = 0 } = byName["window"] ?? {};
    expect(updateCount).toBe(told());
    expect(told()).toBeGreaterThanOrEqual(3);
    expect(avgLatency).toBeGreaterThan(0);
    expect(byName["window"]).toMatchObject({ errors: 0 });
    expect(byName["other"]).toMatchObject({ updateCount: 0, avgLatency: 0, sloCompliant: true });
    expect(lastUpdate).toBeGreaterThan(0);
    const stays = await own(there);
    expect(stays.performanceStats).toEqual(performanceStats);
    await establish("window");
    expect((await own(here)).performanceStats).toEqual(performanceStats);
    await establish("window", { resourceType: "meetingNotes" });
    const anew = (await own(here)).performanceStats.find((one) => one.subscriptionId === "window");
    expect(anew?.stats).toMatchObject({ updateCount: 0, avgLatency: 0 });
  });

  it("are told to administrators of their organisation, and all of them to the key", async () => {
    await establish("window");
    const metrics = (who: UserIdentity, args: object = {}) =>
      ask<{ subscriptions: Told[]; bandwidthStats: object; globalStats: Record<string, number> }>(
        ...([here, "getSubscriptionMetrics", args, who] as const),
      );
    const orgAdmin = person({ orgId: "org_followed", orgRole: "admin" });
    expect((await metrics(operator)).subscriptions).toEqual([]);
    expect(await metrics(orgAdmin, { subscriptionId: "nothing" })).toMatchObject({
      ...{ subscriptions: [], bandwidthStats: { activeSubscriptions: 0 } },
    });
    const told = await metrics(orgAdmin);
    expect(told.subscriptions.map(({ subscriptionId }) => subscriptionId)).toEqual(["window"]);
    expect(told.bandwidthStats).toEqual({ activeSubscriptions: 1, totalUpdates: 0 });
    const all = await metrics(admin as UserIdentity, { subscriptionId: "window" });
    expect(all.subscriptions).toHaveLength(1);
  });

  it("are not the live queries of all nodes, which are told together", async () => {
    const followers = [await follow(here, "none"), await follow(there, "none")];
    await join();
    await Promise.all(followers.map((follower) => follower.sees("joined")));
    await tell();
    const { globalStats } = await ask<{ globalStats: Record<string, number> }>(
      here,
      "getSubscriptionMetrics",
    );
    expect(globalStats).toMatchObject({ totalActiveSubscriptions: 2 });
    expect(globalStats["totalUpdates"]).toBe(told());
    expect(told()).toBe(2);
    expect(globalStats["avgUpdatesPerSecond"]).toBeGreaterThan(0);
    for (const follower of followers) follower.stop();
  });
});
