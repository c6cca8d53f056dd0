import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ClientOffer, clientOffers } from "../../../test/support/clientOffers.ts";
import { reduceOffer } from "./offer.ts";
import { readSubscription } from "./subscribeOffer.ts";

const expected: Record<string, string> = {
  "publish Chromium": "opus VP8",
  "publish Chromium, simulcast": "opus VP8",
  "publish Firefox, simulcast": "opus VP8",
  "publish GStreamer": "opus VP8",
  "watch GStreamer": "opus VP8",
  "publish aiortc": "opus H264",
  "watch aiortc": "opus VP8+H264",
  "watch werift": "opus VP8",
  "publish OBS, simulcast": "opus H264",
};

/** What is taken of an offer, line by line; throws as it is refused. */
function codecsOf({ does }: ClientOffer, sdp: string): string {
  if (does === "publish") {
    const result = reduceOffer(sdp);
    if (!result.ok) throw result.error;
    return result.value.lines.map(({ codec }) => codec).join(" ");
  }
  const result = readSubscription(sdp);
  if (!result.ok) throw result.error;
  const ofLine = ({ formats }: { formats: { codec: string }[] }) =>
    formats.map(({ codec }) => codec).join("+");
  return result.value.lines.map(ofLine).join(" ");
}

/** What an offer has to say: which payload is what, who sends, and how to reach it. H.264 that is watched has a mode. */
const needed =
  /^a=(mid|rtpmap|recvonly|sendonly|ice-|fingerprint|group:BUNDLE|bundle-only|fmtp:\d+ .*packetization)/;

/** The offer's parts: what stands before its media lines, and each of those. */
const partsOf = (sdp: string): string[][] =>
  sdp
    .trimEnd()
    .split(/\r\n(?=m=)/)
    .map((part) => part.split("\r\n"));
/** Everything behind an m-line, or the four lines in front. */
const split = (part: string[], index: number): [string[], string[]] => {
  const fixed = index === 0 ? 4 : 1;
  return [part.slice(0, fixed), part.slice(fixed)];
};

describe.each(clientOffers.map((offer) => ({ ...offer, name: `${offer.does} ${offer.client}` })))(
  "$name",
  (offer) => {
    test("is taken as it is", () => {
      expect(codecsOf(offer, offer.sdp)).toBe(expected[offer.name]);
    });

    test("is taken whatever optional line it leaves out, in any order, with either end of lines", () => {
      const parts = partsOf(offer.sdp);
      const optional = parts.flatMap((part, index) =>
        split(part, index)[1].filter((line) => !needed.test(line)),
      );
      fc.assert(
        fc.property(
          fc.subarray(optional),
          fc.infiniteStream(fc.nat(1000)),
          fc.constantFrom("\r\n", "\n", " \r\n"),
          (left, ranks, end) => {
            const changed = parts.map((part, index) => {
              const [fixed, rest] = split(part, index);
              const kept = rest
                .filter((line) => !left.includes(line))
                .map((line) => ({ line, rank: ranks.next().value ?? 0 }))
                .sort((a, b) => a.rank - b.rank)
                .map(({ line }) => line);
              return [...fixed, ...kept].join(end);
            });
            expect(codecsOf(offer, changed.join(end) + end)).toBe(expected[offer.name]);
          },
        ),
        { numRuns: 60 },
      );
    });

    test.each(["session", "first line", "lines"])(
      "is taken with its transport in the %s",
      (place) => {
        const keys = /^a=(ice-ufrag|ice-pwd|fingerprint|setup)/;
        const parts = partsOf(offer.sdp);
        const told = [...new Set(parts.flat().filter((line) => keys.test(line)))];
        const has = (index: number) =>
          ({ session: index === 0, "first line": index === 1, lines: index > 0 })[place];
        const changed = parts.map((part, index) => [
          ...part.filter((line) => !keys.test(line)),
          ...(has(index) ? told : []),
        ]);
        const sdp = [...changed.flat(), ""].join("\r\n");
        expect(codecsOf(offer, sdp)).toBe(expected[offer.name]);
      },
    );
  },
);
