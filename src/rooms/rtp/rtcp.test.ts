import fc from "fast-check";
import { expect, test } from "vitest";
import { bitrateEstimate, nack, parseRtcp, pictureLoss, receiverReport } from "./rtcp.ts";

function senderReport(ntpSeconds: number): Buffer {
  const packet = Buffer.alloc(28);
  packet.writeUInt8(0x80, 0);
  packet.writeUInt8(200, 1);
  packet.writeUInt16BE(6, 2);
  packet.writeUInt32BE(77, 4);
  packet.writeUInt32BE(ntpSeconds, 8);
  packet.writeUInt32BE(0x80000000, 12);
  packet.writeUInt32BE(123_456, 16);
  return packet;
}

/** Sequence numbers a NACK asks for. */
function asked(packet: Buffer): number[] {
  const sequences: number[] = [];
  for (let at = 12; at < packet.length; at += 4) {
    const id = packet.readUInt16BE(at);
    const mask = packet.readUInt16BE(at + 2);
    sequences.push(id);
    for (let bit = 0; bit < 16; bit++)
      if ((mask >> bit) & 1) sequences.push((id + 1 + bit) & 0xffff);
  }
  return sequences;
}

test("a sender report tells the sender's clock in epoch ms", () => {
  const [report] = parseRtcp(senderReport(1_795_000_000 + 2_208_988_800));
  expect(report).toMatchObject({
    type: "senderReport",
    ssrc: 77,
    ntpMs: 1_795_000_000_500,
    rtp: 123_456,
  });
});

test("what a receiver reports is read, in ms and shares", () => {
  const report = receiverReport(1, {
    ...{ ssrc: 77, fractionLost: 64, cumulativeLost: -3, highestSequence: 70_000, jitter: 9 },
    ...{ lastSenderReport: 0xfedc_ba98, delaySinceLastSenderReport: 32_768 },
  });
  const block = { ssrc: 77, fractionLost: 0.25, lastSenderReport: 0xfedc_ba98 };
  expect(parseRtcp(report)).toEqual([
    { type: "reception", blocks: [{ ...block, sinceSenderReportMs: 500 }] },
  ]);
});

test("what is asked for again is read, also across the end of the numbers", () => {
  const sequences = [3, 4, 19, 20, 65_535, 7];
  expect(parseRtcp(nack(1, 77, sequences))).toEqual([{ type: "nack", ssrc: 77, sequences }]);
});

test("a sender without a clock is told by zero", () => {
  expect(parseRtcp(senderReport(0))[0]).toMatchObject({ ntpMs: 0 });
});

test("a compound packet is read part by part, up to the damaged one", () => {
  const bye = Buffer.from([0x81, 203, 0, 1, 0, 0, 0, 9]);
  const parts = parseRtcp(
    Buffer.concat([receiverReport(1), senderReport(0), bye, Buffer.from([0x80, 200, 0, 99])]),
  );
  expect(parts.map(({ type }) => type)).toEqual(["reception", "senderReport", "bye"]);
});

test("no bytes make the parser throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
      parseRtcp(Buffer.from(bytes));
    }),
    { numRuns: 2000 },
  );
});

test("a NACK asks for exactly the packets given", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 65_535 }),
      fc.uniqueArray(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 60 }),
      (start, offsets) => {
        const wanted = offsets.sort((a, b) => a - b).map((offset) => (start + offset) & 0xffff);
        const packet = nack(1, 2, wanted);
        expect(asked(packet)).toEqual(wanted);
        expect(packet.readUInt16BE(2)).toBe(packet.length / 4 - 1);
      },
    ),
  );
});

test("a bit rate estimate is given to three digits", () => {
  fc.assert(
    fc.property(fc.integer({ min: 30_000, max: 2_000_000_000 }), (rate) => {
      const packet = bitrateEstimate(1, [2, 3], rate);
      const head = packet.readUInt8(17);
      const told = (((head & 3) << 16) | packet.readUInt16BE(18)) * 2 ** (head >> 2);
      expect(Math.abs(told - rate) / rate).toBeLessThan(0.001);
    }),
  );
});

test("a keyframe request names sender and receiver", () => {
  expect(pictureLoss(1, 2).toString("hex")).toBe("81ce00020000000100000002");
});

test("a report clamps what does not fit", () => {
  const report = receiverReport(1, {
    ssrc: 2,
    fractionLost: 900,
    cumulativeLost: -1e9,
    highestSequence: 2 ** 33,
    jitter: 3.7,
    lastSenderReport: 5,
    delaySinceLastSenderReport: 6.5,
  });
  expect(report.readUInt8(12)).toBe(255);
  expect(report.readIntBE(13, 3)).toBe(-0x800000);
  expect(report.readUInt32BE(20)).toBe(3);
});
