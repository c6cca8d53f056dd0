import { describe, expect, it } from "vitest";
import { countLatency, countOf, noLatencies, percentile, slowerThan, sumOf } from "./latencies.ts";

function counted(...times: number[]) {
  const latencies = noLatencies();
  for (const ms of times) countLatency(latencies, ms);
  return latencies;
}

const times = (count: number, ms: number) => new Array<number>(count).fill(ms);

describe("latencies", () => {
  it("of nothing are 0", () => {
    expect(percentile(noLatencies(), 0.95)).toBe(0);
    expect(slowerThan(noLatencies(), 120)).toBe(0);
  });

  it.each([120, 150, 250])("are told exactly at %i ms", (edge) => {
    const kept = counted(...times(95, edge), ...times(5, edge + 0.01));
    expect(slowerThan(kept, edge)).toBe(5);
    expect(percentile(kept, 0.95)).toBe(edge);
    const missed = counted(...times(94, edge), ...times(6, edge + 0.01));
    expect(percentile(missed, 0.95)).toBeGreaterThan(edge);
  });

  it("are spread evenly within a slot", () => {
    expect(percentile(counted(...times(10, 60)), 0.5)).toBe(62.5);
    expect(percentile(counted(0, 0, 0, 0), 0.25)).toBe(0.25);
  });

  it("beyond the last edge are told as that", () => {
    expect(percentile(counted(3_600_000), 0.99)).toBe(10_000);
    expect(slowerThan(counted(3_600_000), 250)).toBe(1);
  });

  it("of several are those of all", () => {
    const sum = sumOf([counted(1, 60), counted(60, 20_000)]);
    expect(sum).toEqual(counted(1, 60, 60, 20_000));
    expect(countOf(sum)).toBe(4);
  });

  it("are asked for at an edge", () => {
    expect(() => slowerThan(noLatencies(), 121)).toThrow("no edge");
  });
});
