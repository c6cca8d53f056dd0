import fc from "fast-check";
import { expect, test } from "vitest";
import { headerExtension, parseRtp } from "./packet.ts";
import { keepLevelOnly, RtpRewriter, writeLevel } from "./rewriter.ts";

const packet = (sequence: number, timestamp: number): Buffer => {
  const buffer = Buffer.alloc(20, 7);
  buffer.writeUInt8(0x80, 0);
  buffer.writeUInt8(0x80 | 96, 1);
  buffer.writeUInt16BE(sequence, 2);
  buffer.writeUInt32BE(timestamp, 4);
  return buffer;
};
const rewritten = (rewriter: RtpRewriter, sequence: number, timestamp: number, now: number) => {
  const buffer = packet(sequence, timestamp);
  rewriter.rewrite(buffer, 101, { sequence, timestamp }, now);
  return parseRtp(buffer, { audioLevelId: 0, transportSequenceId: 0 });
};

test("sources follow each other without a jump, whatever their numbers", () => {
  const number16 = fc.integer({ min: 0, max: 0xffff });
  const number32 = fc.integer({ min: 0, max: 0xffffffff });
  fc.assert(
    fc.property(number16, number32, number16, number32, number16, number32, (...numbers) => {
      const [first, firstTime, sequence, timestamp, otherSequence, otherTimestamp] = numbers;
      const rewriter = new RtpRewriter(5, { sequence: first, timestamp: firstTime });
      rewriter.rebase(sequence, timestamp, 90_000, 0);
      const before = rewritten(rewriter, sequence, timestamp, 0);
      rewriter.rebase(otherSequence, otherTimestamp, 90_000, 100);
      const after = rewritten(rewriter, otherSequence, otherTimestamp, 100);
      expect(before).toMatchObject({ sequence: (first + 1) & 0xffff, timestamp: firstTime });
      expect(after).toMatchObject({
        ssrc: 5,
        payloadType: 101,
        marker: true,
        sequence: (first + 2) & 0xffff,
        timestamp: (firstTime + 9000) >>> 0,
      });
    }),
  );
});

test("gaps and late packets keep their places", () => {
  const rewriter = new RtpRewriter(5, { sequence: 65_534, timestamp: 0 });
  rewriter.rebase(100, 0, 48_000, 0);
  const sequences = [100, 103, 101].map(
    (sequence) => rewritten(rewriter, sequence, 0, 0)?.sequence,
  );
  expect(sequences).toEqual([65_535, 2, 0]);
  rewriter.rebase(7, 0, 48_000, 10);
  expect(rewritten(rewriter, 7, 0, 10)?.sequence).toBe(3);
});

const withExtension = (profile: number, data: readonly number[]): Buffer => {
  const head = Buffer.alloc(16);
  head.writeUInt8(0x90, 0);
  head.writeUInt8(111, 1);
  head.writeUInt16BE(profile, 12);
  head.writeUInt16BE(data.length / 4, 14);
  return Buffer.concat([head, Buffer.from(data), Buffer.from("opus")]);
};

test("only the level is passed on, under the number each receiver has for it", () => {
  const buffer = withExtension(0xbede, [0x31, 1, 2, 0x10, 0x9e, 0x52, 1, 2, 3, 0, 0, 0]);
  const level = keepLevelOnly(buffer, 1);
  expect(buffer.subarray(16, 28).toString("hex")).toBe("000000109e00000000000000");
  if (!level) throw new Error("the level was lost");
  writeLevel(buffer, level, 0);
  expect(buffer.subarray(16, 28)).toEqual(Buffer.alloc(12));
  writeLevel(buffer, level, 3);
  expect(parseRtp(buffer, { audioLevelId: 3, transportSequenceId: 0 })).toMatchObject({
    audioLevel: -30,
    payload: Buffer.from("opus"),
  });
});

test("a MID, which would name another line to a receiver, is not passed on", () => {
  const buffer = withExtension(0xbede, [0x41, 0x76, 0x30, 0x10, 0x9e, 0, 0, 0]);
  expect(headerExtension(buffer, 4)?.toString()).toBe("v0");
  keepLevelOnly(buffer, 1);
  expect(headerExtension(buffer, 4)).toBeUndefined();
  expect(buffer.subarray(16, 24).toString("hex")).toBe("000000109e000000");
});

test.each([
  ["nobody agreed to a level", 0xbede, 0],
  ["the elements are of the two-byte kind", 0x1000, 1],
])("all is blanked when %s", (_, profile, levelId) => {
  const buffer = withExtension(profile, [0x10, 0x9e, 0x21, 1]);
  expect(keepLevelOnly(buffer, levelId)).toBeUndefined();
  expect(buffer.subarray(16, 20)).toEqual(Buffer.alloc(4));
});

test("hostile extensions stay inside the packet", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 8, maxLength: 8 }), fc.nat(14), (data, levelId) => {
      const buffer = withExtension(0xbede, [...data]);
      keepLevelOnly(buffer, levelId);
      expect(buffer.subarray(24).toString()).toBe("opus");
    }),
  );
});
