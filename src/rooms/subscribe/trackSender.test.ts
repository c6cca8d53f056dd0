import { beforeEach, describe, expect, test } from "vitest";
import { TrackReceiver } from "../publish/trackReceiver.ts";
import { isRtcp, parseRtp, type RtpPacket } from "../rtp/packet.ts";
import { parseRtcp, type RtcpPacket } from "../rtp/rtcp.ts";
import type { ReceivingLine } from "../sdp/subscribeOffer.ts";
import { TrackSender } from "./trackSender.ts";

const line: ReceivingLine = {
  mid: "1",
  kind: "video",
  formats: [{ codec: "VP8", payloadType: 100 }],
  audioLevelId: 0,
  nack: true,
};
const outSsrc = 77;
let now: number;
let sent: Buffer[];
let asked: string[];
let opened: () => void;
let sender: TrackSender;

beforeEach(() => {
  now = 1000;
  sent = [];
  asked = [];
  sender = new TrackSender({
    line,
    ssrc: outSsrc,
    first: { sequence: 9, timestamp: 5000 },
    now: () => now,
    track: {
      mid: "1",
      onMessage: () => undefined,
      onOpen: (listener) => {
        opened = listener;
      },
      send: (packet) => {
        sent.push(Buffer.from(packet));
        return true;
      },
    },
  });
});

const publisher = (codec: "VP8" | "H264" = "VP8"): TrackReceiver =>
  new TrackReceiver(
    {
      ...{ mid: "v", kind: "video", codec, payloadType: 96, clockRate: 90_000 },
      ...{ audioLevelId: 0, transportSequenceId: 0, retransmits: true },
    },
    1,
    (rtcp) => asked.push(...parseRtcp(rtcp).map(({ type }) => type)),
    { arrived: () => undefined },
  );
const media = (
  receiver: TrackReceiver,
  sequence: number,
  { key = false, ssrc = 3, timestamp = sequence * 3000 } = {},
): void => {
  const packet = Buffer.alloc(24);
  packet.writeUInt16BE(0x8060, 0);
  packet.writeUInt16BE(sequence, 2);
  packet.writeUInt32BE(timestamp, 4);
  packet.writeUInt32BE(ssrc, 8);
  packet.writeUInt32BE(key ? 0x10000000 : 0x10010000, 12);
  receiver.receive(packet, now);
};
const clockOf = (receiver: TrackReceiver, rtp: number, ssrc = 3): void => {
  const report = Buffer.alloc(28);
  report.writeUInt32BE(0x80c80006, 0);
  report.writeUInt32BE(ssrc, 4);
  report.writeBigUInt64BE(0xeeee_0000_1234_5678n, 8);
  report.writeUInt32BE(rtp, 16);
  receiver.receive(report, now);
};
const sentMedia = (): RtpPacket[] =>
  sent
    .filter((packet) => !isRtcp(packet))
    .flatMap((packet) => parseRtp(packet, { audioLevelId: 0, transportSequenceId: 0 }) ?? []);
const sentReports = () => sent.filter(isRtcp).flatMap((packet) => parseRtcp(packet));
const keyframesAsked = () => asked.filter((type) => type === "keyframeRequest").length;
const sequences = () => sentMedia().map(({ sequence }) => sequence);

test("video begins with a keyframe, under the subscriber's numbers", () => {
  const ann = publisher();
  sender.attach(ann);
  opened();
  media(ann, 400);
  expect(sent).toEqual([]);
  media(ann, 401, { key: true });
  media(ann, 402);
  expect(sentMedia()).toMatchObject([
    { sequence: 10, timestamp: 5000, ssrc: outSsrc, payloadType: 100 },
    { sequence: 11, timestamp: 8000, ssrc: outSsrc, payloadType: 100 },
  ]);
});

test("H.264 begins with the parameter sets in front of an IDR picture, each in a packet of its own", () => {
  const at = now;
  const own = new TrackSender({
    line: { ...line, formats: [{ codec: "H264", payloadType: 100 }] },
    ...{ ssrc: outSsrc, first: { sequence: 9, timestamp: 5000 }, now: () => at },
    track: {
      mid: "1",
      onMessage: () => undefined,
      onOpen: (listener) => listener(),
      send: (packet) => sent.push(Buffer.from(packet)) > 0,
    },
  });
  const ann = publisher("H264");
  own.attach(ann);
  for (const [i, first] of [0x41, 0x67, 0x68, 0x65, 0x41].entries()) {
    const packet = Buffer.from([
      0x80,
      0x80 | 96,
      0,
      i,
      0,
      0,
      i,
      0,
      0,
      0,
      0,
      3,
      first,
      0x88,
      0x84,
      1,
    ]);
    ann.receive(packet, at);
  }
  expect(sentMedia().map(({ payload }) => payload[0])).toEqual([0x67, 0x68, 0x65, 0x41]);
});

test("a keyframe is asked for when the track opens, when media flows already", () => {
  const ann = publisher();
  media(ann, 400);
  sender.attach(ann);
  expect(keyframesAsked()).toBe(0);
  opened();
  expect(keyframesAsked()).toBe(1);
  now += 400;
  ann.tick(now);
  expect(keyframesAsked()).toBe(2);
  media(ann, 401, { key: true });
  now += 1000;
  ann.tick(now);
  expect(keyframesAsked()).toBe(2);
});

describe("when the source changes", () => {
  test("numbers and time go on", () => {
    const [ann, bob] = [publisher(), publisher()];
    sender.attach(ann);
    opened();
    media(ann, 400, { key: true });
    now += 500;
    sender.attach(bob);
    media(ann, 401);
    media(bob, 7, { timestamp: 1 });
    media(bob, 8, { key: true, timestamp: 10 });
    media(bob, 6, { timestamp: 1 });
    expect(sentMedia()).toMatchObject([
      { sequence: 10, timestamp: 5000 },
      { sequence: 11, timestamp: 50_000 },
    ]);
  });

  test("its stream may begin anew under another SSRC", () => {
    const ann = publisher();
    sender.attach(ann);
    opened();
    media(ann, 400, { key: true });
    now += 600;
    media(ann, 9000, { ssrc: 4 });
    now += 100;
    media(ann, 9001, { ssrc: 4, key: true });
    expect(sequences()).toEqual([10, 11]);
  });

  test("one that the subscriber cannot decode is not sent", () => {
    const ann = publisher("H264");
    sender.attach(ann);
    opened();
    media(ann, 400, { key: true });
    expect(sent).toEqual([]);
    expect(sender.needsKeyframe).toBe(false);
  });
});

describe("the sender's clock", () => {
  test("is told in this stream's time, and counts what was sent", () => {
    const ann = publisher();
    sender.attach(ann);
    opened();
    media(ann, 400, { key: true });
    clockOf(ann, 400 * 3000 + 90);
    expect(sentReports()).toMatchObject([
      { type: "senderReport", ssrc: outSsrc, ntp: 0xeeee_0000_1234_5678n, rtp: 5090 },
    ]);
    expect(sent.at(-1)?.readUInt32BE(20)).toBe(1);
  });

  test("is told at once to whoever comes late", () => {
    const ann = publisher();
    media(ann, 399);
    clockOf(ann, 400 * 3000 + 90);
    sender.attach(ann);
    opened();
    expect(sentReports()).toEqual([]);
    media(ann, 400, { key: true });
    expect(sentReports()).toMatchObject([{ rtp: 5090 }]);
  });

  test("of an earlier source is not told with the next", () => {
    const [ann, bob] = [publisher(), publisher()];
    sender.attach(ann);
    opened();
    media(ann, 400, { key: true });
    clockOf(ann, 1);
    const before = sentReports().length;
    sender.attach(bob);
    media(bob, 1, { key: true });
    expect(sentReports()).toHaveLength(before);
  });
});

test("paused, it sends nothing, and goes on without a gap at a keyframe it asks for", () => {
  const ann = publisher();
  sender.attach(ann);
  opened();
  media(ann, 400, { key: true });
  sender.pause(true);
  media(ann, 401);
  media(ann, 402, { key: true });
  now += 1000;
  const before = keyframesAsked();
  sender.pause(false);
  expect(keyframesAsked()).toBe(before + 1);
  media(ann, 403);
  media(ann, 404, { key: true });
  expect(sequences()).toEqual([10, 11]);
});

describe("feedback", () => {
  const noReport = { lastSenderReport: 0, sinceSenderReportMs: 0 };

  test("is heeded only when it concerns this track", () => {
    const ann = publisher();
    sender.attach(ann);
    opened();
    media(ann, 400, { key: true });
    now += 1000;
    const others: RtcpPacket[] = [
      { type: "keyframeRequest", ssrcs: [1] },
      { type: "nack", ssrc: 1, sequences: [1, 2, 3, 4] },
      { type: "reception", blocks: [{ ...noReport, ssrc: 1, fractionLost: 0.5 }] },
    ];
    for (const packet of others) sender.feedback(packet);
    expect(sender.counters).toMatchObject({ nacked: 0, keyframeRequests: 0 });
    expect(sender.takeAsked()).toBe(0);
    expect(sender.fractionLost).toBe(0);
    sender.feedback({ type: "nack", ssrc: outSsrc, sequences: [1, 2, 3, 3] });
    const block = { ...noReport, ssrc: outSsrc, fractionLost: 0.5 };
    sender.feedback({ type: "reception", blocks: [block] });
    expect(sender.counters.nacked).toBe(4);
    expect(sender.fractionLost).toBe(0.5);
  });

  test("that asks for a packet twice tells of one lost", () => {
    for (const sequences of [[1, 2], [2, 3], [65_535]])
      sender.feedback({ type: "nack", ssrc: outSsrc, sequences });
    expect(sender.takeAsked()).toBe(4);
    expect(sender.takeAsked()).toBe(0);
  });

  test("that asks for all there can be takes no more memory than a bad second", () => {
    const sequences = Array.from({ length: 65_536 }, (_, sequence) => sequence);
    sender.feedback({ type: "nack", ssrc: outSsrc, sequences });
    expect(sender.takeAsked()).toBe(1000);
  });

  test("that echoes sender reports later and later tells of a queue", () => {
    const ann = publisher();
    sender.attach(ann);
    opened();
    media(ann, 400, { key: true });
    for (const underWayMs of [40, 340]) {
      clockOf(ann, 400 * 3000 + 90);
      now += underWayMs + 200;
      const block = { lastSenderReport: 0x0000_1234, sinceSenderReportMs: 200 };
      sender.feedback({
        type: "reception",
        blocks: [{ ...block, ssrc: outSsrc, fractionLost: 0 }],
      });
    }
    expect(sender.waitingMs).toBe(300);
    sender.pause(true);
    sender.pause(false);
    expect(sender.waitingMs).toBe(0);
  });

  test("asks the publisher for a keyframe at most once a second", () => {
    const ann = publisher();
    sender.attach(ann);
    opened();
    media(ann, 400, { key: true });
    const before = keyframesAsked();
    for (let ms = 0; ms < 3000; ms += 100) {
      now += 100;
      sender.feedback({ type: "keyframeRequest", ssrcs: [outSsrc] });
    }
    expect(keyframesAsked() - before).toBe(3);
  });
});

test("a publisher's lost packets are asked for also when nobody records", () => {
  const ann = publisher();
  media(ann, 400);
  media(ann, 402);
  expect(asked).not.toContain("nack");
  sender.attach(ann);
  opened();
  media(ann, 403, { key: true });
  media(ann, 405);
  expect(asked).toContain("nack");
  media(ann, 404);
  expect(sequences()).toEqual([10, 12, 11]);
  sender.attach(undefined);
  asked = [];
  media(ann, 407);
  expect(asked).not.toContain("nack");
});
