import { describe, expect, it } from "vitest";
import { type ConnectionStats, checkStats, qualityOf, recommendationsFor } from "./quality.ts";

const best: ConnectionStats = { bitrate: 1e6, jitter: 0, latency: 0, packetLoss: 0 };

describe("the quality of a connection", () => {
  it.each([
    [{}, "excellent"],
    [{ packetLoss: 0.5, latency: 100, jitter: 30 }, "excellent"],
    [{ packetLoss: 0.6 }, "good"],
    [{ latency: 101 }, "good"],
    [{ packetLoss: 2.1 }, "fair"],
    [{ latency: 151 }, "fair"],
    [{ jitter: 31 }, "fair"],
    [{ packetLoss: 5.1 }, "poor"],
    [{ latency: 301 }, "poor"],
    [{ jitter: 51 }, "poor"],
    [{ bitrate: 99_999 }, "fair"],
    [{ bitrate: 0, latency: 101 }, "good"],
  ])("of %j is %s", (change, quality) => {
    expect(qualityOf({ ...best, ...change })).toBe(quality);
  });

  it("comes with advice where something can be done, and with none where nothing need be", () => {
    expect(recommendationsFor(best)).toEqual([]);
    expect(
      recommendationsFor({ bitrate: 0, jitter: 60, latency: 400, packetLoss: 6 }),
    ).toHaveLength(4);
  });
});

describe("what was measured", () => {
  it.each([
    ["packetLoss", 100.1],
    ["bitrate", -1],
    ["jitter", Number.NaN],
    ["latency", Number.POSITIVE_INFINITY],
  ])("is a number within reason: %s %d", (name, value) => {
    expect(checkStats({ ...best, [name]: value })).toMatchObject({
      error: { code: "VALIDATION_ERROR", metadata: { field: `stats.${name}` } },
    });
  });
});
