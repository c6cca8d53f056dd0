import { describe, expect, it } from "vitest";
import { countLatency, noLatencies } from "./latencies.ts";
import { breachesOf, type CallSums, isCompliant, objectivesOf } from "./objectives.ts";

function calls(kind: string, times: readonly number[], failed = 0): CallSums {
  const latencies = noLatencies();
  for (const ms of times) countLatency(latencies, ms);
  return {
    kind,
    calls: times.length,
    failed,
    ms: times.reduce((sum, ms) => sum + ms, 0),
    latencies,
  };
}

const many = (count: number, ms: number) => new Array<number>(count).fill(ms);
const statusOf = (told: ReturnType<typeof objectivesOf>, name: string) =>
  told.slos.find((slo) => slo.name === name);

describe("objectives", () => {
  it("are kept where nothing has happened", () => {
    const told = objectivesOf([], noLatencies(), 5);
    expect(told.overall).toEqual({ status: "healthy", score: 1, breaches: 0, totalChecks: 0 });
    expect(told.slos.map(({ name, target }) => [name, target])).toEqual([
      ["query_p95", 120],
      ["query_p99", 250],
      ["subscription_push_p95", 150],
      ["success_rate", 0.99],
    ]);
    expect(told.alerts).toEqual([]);
  });

  it("of time are those of queries alone", () => {
    const told = objectivesOf([calls("action", many(10, 9_000))], noLatencies(), 5);
    expect(told.overall).toMatchObject({ status: "healthy", totalChecks: 10 });
    expect(isCompliant([calls("mutation", many(10, 9_000))])).toBe(true);
    expect(isCompliant([calls("query", many(10, 9_000))])).toBe(false);
    expect(breachesOf([calls("action", many(10, 9_000), 1), calls("query", [251, 1])])).toBe(2);
  });

  it.each([
    [120, "healthy"],
    [150, "warning"],
    [200, "critical"],
  ])("of queries that take %i ms are %s", (ms, status) => {
    const told = objectivesOf([calls("query", many(20, ms))], noLatencies(), 7);
    expect(statusOf(told, "query_p95")).toMatchObject({
      ...{ status, breachCount: ms > 120 ? 20 : 0 },
    });
    expect(told.overall).toMatchObject({ status, score: status === "healthy" ? 1 : 0.75 });
    expect(
      told.alerts.map(({ sloName, severity, timestamp }) => [sloName, severity, timestamp]),
    ).toEqual(status === "healthy" ? [] : [["query_p95", status, 7]]);
  });

  it.each([
    [1, "healthy"],
    [2, "warning"],
    [5, "warning"],
    [6, "critical"],
  ])("of success with %i failures in a hundred are %s", (failed, status) => {
    const told = objectivesOf([calls("mutation", many(100, 1), failed)], noLatencies(), 7);
    expect(statusOf(told, "success_rate")).toMatchObject({ status, breachCount: failed });
  });

  it("of pushes are those of what was sent", () => {
    const pushes = calls("query", [...many(18, 150), 151, 400]).latencies;
    const told = objectivesOf([], pushes, 7);
    expect(statusOf(told, "subscription_push_p95")).toMatchObject({
      ...{ status: "warning", breachCount: 2 },
    });
  });
});
