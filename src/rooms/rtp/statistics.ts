import type { ReceptionReport } from "./rtcp.ts";
import { SequenceTracker } from "./sequence.ts";

/** What a receiver reports of one stream (RFC 3550 §6.4.1, A.3, A.8). */
export class ReceptionStatistics {
  packets = 0;
  bytes = 0;
  #sequence = new SequenceTracker();
  #clockRate: number;
  #jitter = 0;
  #transit: number | undefined;
  #reportedExpected = 0;
  #reportedPackets = 0;
  #senderReport: { middle: number; at: number } | undefined;

  constructor(clockRate: number) {
    this.#clockRate = clockRate;
  }

  /** Counts a packet; its extended sequence number, or undefined when it is to be ignored. */
  arrived(
    packet: { sequence: number; timestamp: number },
    bytes: number,
    now: number,
  ): number | undefined {
    const sequence = this.#sequence.accept(packet.sequence);
    if (sequence === undefined) return undefined;
    this.packets++;
    this.bytes += bytes;
    this.#updateJitter(packet.timestamp, now);
    return sequence;
  }

  senderReported(middle: number, now: number): void {
    this.#senderReport = { middle, at: now };
  }

  /** The report since the previous one; undefined before the first packet. */
  report(ssrc: number, now: number): ReceptionReport | undefined {
    const { first, highest } = this.#sequence;
    if (first === undefined) return undefined;
    const expected = highest - first + 1;
    const expectedNow = expected - this.#reportedExpected;
    const lostNow = Math.max(0, expectedNow - (this.packets - this.#reportedPackets));
    this.#reportedExpected = expected;
    this.#reportedPackets = this.packets;
    return {
      ssrc,
      fractionLost: expectedNow > 0 ? (lostNow * 256) / expectedNow : 0,
      cumulativeLost: expected - this.packets,
      highestSequence: highest,
      jitter: this.#jitter,
      lastSenderReport: this.#senderReport?.middle ?? 0,
      delaySinceLastSenderReport: this.#senderReport ? (now - this.#senderReport.at) * 65.536 : 0,
    };
  }

  #updateJitter(timestamp: number, now: number): void {
    const transit = (now * this.#clockRate) / 1000 - timestamp;
    if (this.#transit !== undefined) {
      const change = Math.abs(transit - this.#transit);
      // A wrapped or restarted timestamp is not jitter.
      if (change < this.#clockRate * 10) this.#jitter += (change - this.#jitter) / 16;
    }
    this.#transit = transit;
  }
}
