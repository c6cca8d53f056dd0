import type { SentMedia } from "../contract/protocol.ts";
import type { SubscribeSession } from "./subscribeSession.ts";

export const nothingSent: SentMedia = { forwardedPackets: 0, forwardedBytes: 0, nackedPackets: 0 };

/** What one subscriber was sent so far. */
export function sentBy({ senders }: SubscribeSession): SentMedia {
  return senders
    .map(({ counters: { packets, bytes, nacked } }) => {
      return { forwardedPackets: packets, forwardedBytes: bytes, nackedPackets: nacked };
    })
    .reduce(addSent, nothingSent);
}

/** The sum of both. */
export function addSent(a: SentMedia, b: SentMedia): SentMedia {
  return {
    forwardedPackets: a.forwardedPackets + b.forwardedPackets,
    forwardedBytes: a.forwardedBytes + b.forwardedBytes,
    nackedPackets: a.nackedPackets + b.nackedPackets,
  };
}
