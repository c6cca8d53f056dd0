import { expect, it } from "vitest";
import { PeerQuality } from "./peerQuality.ts";

const report = (bytesReceived: number, packetsReceived: number, packetsLost: number) =>
  new Map<string, object>([
    ["in", { type: "inbound-rtp", bytesReceived, packetsReceived, packetsLost, jitter: 0.004 }],
    ["pair", { type: "candidate-pair", nominated: true, currentRoundTripTime: 0.02 }],
    ["other", { type: "candidate-pair", nominated: false, currentRoundTripTime: 9 }],
  ]) as unknown as RTCStatsReport;

it("measures what came between two looks, on all connections", () => {
  const quality = new PeerQuality();
  expect(quality.measure([report(1_000, 10, 0), report(0, 0, 0)], 0)).toBeUndefined();
  expect(quality.measure([report(2_000, 100, 5), report(1_500, 5, 0)], 2_000)).toEqual({
    bitrate: 10_000,
    packetLoss: 5,
    latency: 20,
    jitter: 4,
  });
});

it("measures nothing across the end of a connection", () => {
  const quality = new PeerQuality();
  quality.measure([report(1_000, 10, 0)], 0);
  expect(quality.measure([report(10, 1, 0)], 1_000)).toBeUndefined();
});

it("loses nothing where nothing came", () => {
  const quality = new PeerQuality();
  quality.measure([report(0, 0, 0)], 0);
  expect(quality.measure([report(0, 0, 0)], 1_000)).toMatchObject({ packetLoss: 0, bitrate: 0 });
});
