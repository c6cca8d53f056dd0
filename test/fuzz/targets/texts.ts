import { findExcess, jsonLimits } from "../../../src/http/limits/jsonScan.ts";
import { parseIceFragment } from "../../../src/http/rooms/iceFragment.ts";
import { writeAnswer } from "../../../src/rooms/sdp/answer.ts";
import { reduceOffer } from "../../../src/rooms/sdp/offer.ts";
import { parseSdp } from "../../../src/rooms/sdp/sdp.ts";
import { readSubscription } from "../../../src/rooms/sdp/subscribeOffer.ts";
import { parseClientMessage } from "../../../src/rooms/subscribe/channelMessages.ts";
import { decodeValue, ValueError } from "../../../src/runtime/values/values.ts";
import { clientOffers } from "../../support/clientOffers.ts";
import { transportAnswer } from "../../support/transportAnswer.ts";
import type { FuzzTarget } from "../target.ts";

/** Offers of publishers and subscribers. */
export const sdp: FuzzTarget = {
  name: "sdp",
  corpus: clientOffers.map(({ sdp: text }) => Buffer.from(text)),
  run(input) {
    const text = input.toString("utf8");
    readSubscription(text);
    const reduced = reduceOffer(text);
    if (!reduced.ok) return;
    const { answered, lines, sdp: forTransport } = reduced.value;
    const wanted = parseSdp(text)?.media.length;
    const answer = parseSdp(writeAnswer(answered, transportAnswer, { startKbps: 1500 }));
    if (answer?.media.length !== wanted)
      throw new Error("an answer has other lines than its offer");
    if (parseSdp(forTransport)?.media.length !== 1)
      throw new Error("the transport is offered more than one line");
    if (lines.length === 0) throw new Error("an offer is taken of which no line is");
  },
};

const messages = [
  { type: "media", source: "camera", audio: true, video: false },
  { type: "ping" },
  { type: "video", slots: [0, 1, 15] },
];

/** What pages say on the room's channel. */
export const channelMessages: FuzzTarget = {
  name: "channel",
  corpus: messages.map((message) => Buffer.from(JSON.stringify(message))),
  run(input) {
    parseClientMessage(input.toString("utf8"));
  },
};

const bodies = [
  { path: "users/queries:getCurrentUser", format: "convex_encoded_json", args: [{}] },
  { args: { meetingId: "meeting_1", recordingConfig: { quality: "720p", layout: "grid" } } },
  {
    args: [
      { count: { $integer: "AQAAAAAAAAA=" }, bytes: { $bytes: "AAEC" }, list: [1, -0.5, null] },
    ],
  },
];

/** Bodies of calls. */
export const json: FuzzTarget = {
  name: "json",
  corpus: bodies.map((body) => Buffer.from(JSON.stringify(body))),
  run(input) {
    const limits = jsonLimits(input.length);
    const excess = findExcess(input, limits);
    const parsed = parsedJson(input);
    if (parsed === undefined) return;
    if (excess === undefined && valuesIn(parsed.value) > 2 * limits.nodes)
      throw new Error("more values were let through than may be");
    try {
      decodeValue(parsed.value);
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
    }
  },
};

function parsedJson(input: Buffer): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(input.toString("utf8")) };
  } catch {
    return undefined;
  }
}

function valuesIn(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  return Object.values(value).reduce<number>((sum, one) => sum + valuesIn(one), 1);
}

const fragment = [
  "a=ice-ufrag:abcd",
  "a=ice-pwd:0123456789012345678901",
  "m=audio 9 UDP/TLS/RTP/SAVPF 0",
  "a=mid:0",
  "a=candidate:1 1 UDP 2130706431 10.0.0.1 5000 typ host generation 0 ufrag abcd",
  "a=end-of-candidates",
  "",
];

/** Candidates that a client trickles. */
export const trickle: FuzzTarget = {
  name: "trickle",
  corpus: [Buffer.from(fragment.join("\r\n"))],
  run(input) {
    parseIceFragment(input.toString("utf8"));
  },
};
