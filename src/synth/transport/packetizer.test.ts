import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { maxPayload, nalUnits, packetizeH264, packetizeVp8 } from "./packetizer.ts";

const bytes = (max: number) =>
  fc.uint8Array({ minLength: 1, maxLength: max }).map((a) => Buffer.from(a));

describe("VP8", () => {
  it("cuts a frame into packets that join to it again and stay small", () => {
    fc.assert(
      fc.property(bytes(6000), fc.nat(0x7fff), (frame, pictureId) => {
        const payloads = packetizeVp8(frame, pictureId);
        expect(Buffer.concat(payloads.map((part) => part.subarray(4))).equals(frame)).toBe(true);
        for (const [index, payload] of payloads.entries()) {
          expect(payload.length).toBeLessThanOrEqual(maxPayload);
          expect(payload[0]).toBe(index === 0 ? 0x90 : 0x80);
          expect(payload.readUInt16BE(2)).toBe(0x8000 | pictureId);
        }
      }),
    );
  });
});

describe("H.264", () => {
  /** A unit holds no start code and does not end in zero; an encoder escapes what would. */
  const unit = bytes(4000).map((body) => {
    const safe = body.map((byte) => byte || 1);
    return Buffer.concat([Buffer.from([0x65]), safe]);
  });

  it("finds the units behind start codes of both lengths", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(unit, fc.boolean()), { minLength: 1, maxLength: 5 }),
        (units) => {
          const annexB = Buffer.concat(
            units.flatMap(([data, long]) => [Buffer.from(long ? [0, 0, 0, 1] : [0, 0, 1]), data]),
          );
          expect(nalUnits(annexB)).toEqual(units.map(([data]) => data));
        },
      ),
    );
  });

  it("sends small units whole and large ones in fragments that join to them", () => {
    fc.assert(
      fc.property(unit, (data) => {
        const payloads = packetizeH264(Buffer.concat([Buffer.from([0, 0, 1]), data]));
        for (const payload of payloads) expect(payload.length).toBeLessThanOrEqual(maxPayload);
        if (data.length <= maxPayload) {
          expect(payloads).toEqual([data]);
          return;
        }
        expect(payloads.map((payload) => (payload[1] ?? 0) >> 6)).toEqual(
          payloads.map((_, index) => (index === 0 ? 2 : index === payloads.length - 1 ? 1 : 0)),
        );
        const joined = Buffer.concat(payloads.map((payload) => payload.subarray(2)));
        expect(joined.equals(data.subarray(1))).toBe(true);
      }),
    );
  });
});
