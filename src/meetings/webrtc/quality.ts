import { AppError } from "../../core/errors.ts";
import { ok, type Result, refuse } from "../../core/result.ts";
import type { ConnectionQuality } from "./peer.ts";

/** What a client measured: bit/s, percent lost, round trip in ms, jitter in ms. */
export interface ConnectionStats {
  bitrate: number;
  jitter: number;
  latency: number;
  packetLoss: number;
}

/** Below this nobody is seen, bit/s. */
const lowBitrate = 100_000;
/** Beyond any network; a number above is no measurement. */
const highest: ConnectionStats = { bitrate: 1e12, jitter: 1e9, latency: 1e9, packetLoss: 100 };

/** Refusals are VALIDATION_ERROR with `field`. */
export function checkStats(stats: ConnectionStats): Result<ConnectionStats> {
  for (const name of ["bitrate", "jitter", "latency", "packetLoss"] as const) {
    const field = `stats.${name}`;
    if (stats[name] >= 0 && stats[name] <= highest[name]) continue;
    const message = `${field} must be a number from 0 to ${highest[name]}`;
    return refuse(new AppError("VALIDATION_ERROR", message, { field, limit: highest[name] }));
  }
  return ok(stats);
}

/** How good a connection is. Its worst figure decides; few bits alone make an excellent one fair. */
export function qualityOf(stats: ConnectionStats): ConnectionQuality {
  const { bitrate, jitter, latency, packetLoss } = stats;
  if (packetLoss > 5 || latency > 300 || jitter > 50) return "poor";
  if (packetLoss > 2 || latency > 150 || jitter > 30) return "fair";
  if (packetLoss > 0.5 || latency > 100) return "good";
  return bitrate < lowBitrate ? "fair" : "excellent";
}

/** What its person can do about it, in sentences; none where nothing need be done. */
export function recommendationsFor(stats: ConnectionStats): string[] {
  const { bitrate, jitter, latency, packetLoss } = stats;
  const found: [boolean, string][] = [
    [packetLoss > 5, "Many packets are lost: turn the camera off, or use another network."],
    [packetLoss > 2 && packetLoss <= 5, "Packets are lost: send a smaller picture."],
    [latency > 300, "Packets take long: end downloads, or connect by cable."],
    [jitter > 30, "Packets arrive unevenly: move closer to the wireless router, or use a cable."],
    [bitrate < lowBitrate, "Little gets through: turn the camera off to keep the sound clear."],
  ];
  return found.flatMap(([applies, words]) => (applies ? [words] : []));
}
