import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readFeedback, writeSenderReport } from "./rtcp.ts";

function packet(format: number, type: number, body: Buffer): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt16BE(((0x80 | format) << 8) | type, 0);
  header.writeUInt16BE(body.length / 4, 2);
  return Buffer.concat([header, body]);
}

describe("sender reports", () => {
  it("state NTP time, RTP time, counts and name", () => {
    const state = { ssrc: 7, cname: "alice", timestamp: 90_000, packets: 3, octets: 400 };
    const report = writeSenderReport(state, 1_700_000_000_250);
    expect(report.readUInt32BE(8)).toBe(1_700_000_000 + 2_208_988_800);
    expect(report.readUInt32BE(12)).toBe(2 ** 30);
    expect([16, 20, 24].map((at) => report.readUInt32BE(at))).toEqual([90_000, 3, 400]);
    expect(report.length % 4).toBe(0);
    expect(report.readUInt16BE(30)).toBe((report.length - 28) / 4 - 1);
    expect(report.toString("latin1", 38, 43)).toBe("alice");
  });
});

describe("feedback", () => {
  it("is read from a compound packet", () => {
    const report = Buffer.alloc(28);
    report[8] = 64;
    const remb = Buffer.concat([
      Buffer.alloc(8),
      Buffer.from("REMB"),
      Buffer.from([1, 0x0b, 0xd0, 0x90]),
      Buffer.alloc(4),
    ]);
    const nack = Buffer.alloc(12);
    nack.writeUInt32BE(0x0010_8001, 8);
    const compound = Buffer.concat([
      packet(1, 201, report),
      packet(1, 205, nack),
      packet(1, 206, Buffer.alloc(8)),
      packet(15, 206, remb),
      packet(1, 203, Buffer.alloc(4)),
    ]);
    expect(readFeedback(compound)).toEqual([
      { type: "receiverReport", fractionLost: 0.25 },
      { type: "nack", packets: 3 },
      { type: "keyFrameRequest" },
      { type: "bitrateLimit", bitsPerSecond: 0x3d090 * 4 },
      { type: "bye" },
    ]);
  });

  it("of any bytes whatever is read without harm", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(Array.isArray(readFeedback(Buffer.from(bytes)))).toBe(true);
      }),
    );
  });
});
