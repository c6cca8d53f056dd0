import type { ConnectionStats } from "./peerServer.ts";

/** Counters of all connections at one moment. */
interface Counters {
  /** Monotonic, ms. */
  at: number;
  lost: number;
  received: number;
  bytes: number;
  /** ms. */
  latency: number;
  jitter: number;
}

/** What was measured on all connections between two looks; the worst of them counts. */
export class PeerQuality {
  #last: Counters | undefined;

  /** Undefined at the first look, and after connections have gone. `now`: monotonic, ms. */
  measure(reports: readonly RTCStatsReport[], now: number): ConnectionStats | undefined {
    const counters = countersOf(reports, now);
    const last = this.#last;
    this.#last = counters;
    if (last === undefined || counters.bytes < last.bytes || counters.at <= last.at)
      return undefined;
    const lost = Math.max(0, counters.lost - last.lost);
    const received = Math.max(0, counters.received - last.received);
    return {
      bitrate: ((counters.bytes - last.bytes) * 8000) / (counters.at - last.at),
      packetLoss: lost + received === 0 ? 0 : (100 * lost) / (lost + received),
      latency: counters.latency,
      jitter: counters.jitter,
    };
  }
}

function countersOf(reports: readonly RTCStatsReport[], at: number): Counters {
  const counters: Counters = { at, lost: 0, received: 0, bytes: 0, latency: 0, jitter: 0 };
  for (const report of reports)
    report.forEach((entry: Record<string, unknown>) => {
      if (entry["type"] === "inbound-rtp") {
        counters.lost += numberIn(entry, "packetsLost");
        counters.received += numberIn(entry, "packetsReceived");
        counters.bytes += numberIn(entry, "bytesReceived");
        counters.jitter = Math.max(counters.jitter, numberIn(entry, "jitter") * 1000);
      }
      if (entry["type"] === "candidate-pair" && entry["nominated"] === true) {
        const roundTripMs = numberIn(entry, "currentRoundTripTime") * 1000;
        counters.latency = Math.max(counters.latency, roundTripMs);
      }
    });
  return counters;
}

function numberIn(entry: Record<string, unknown>, name: string): number {
  const value = entry[name];
  return typeof value === "number" && value > 0 ? value : 0;
}
