import fc from "fast-check";
import { expect, test } from "vitest";
import { headerExtension, isRtcp, parseRtp } from "./packet.ts";

function packet(extension: Buffer, payload: Buffer, padding = 0): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt8(0x80 | (extension.length > 0 ? 0x10 : 0) | (padding > 0 ? 0x20 : 0), 0);
  header.writeUInt8(0x80 | 96, 1);
  header.writeUInt16BE(4660, 2);
  header.writeUInt32BE(0xdeadbeef, 4);
  header.writeUInt32BE(0xcafebabe, 8);
  const tail = Buffer.alloc(padding);
  if (padding > 0) tail.writeUInt8(padding, padding - 1);
  return Buffer.concat([header, extension, payload, tail]);
}

const ids = (audioLevelId = 0, transportSequenceId = 0) => ({ audioLevelId, transportSequenceId });

test("a plain packet is read field by field", () => {
  expect(parseRtp(packet(Buffer.alloc(0), Buffer.from("media")), ids())).toEqual({
    marker: true,
    payloadType: 96,
    sequence: 4660,
    timestamp: 0xdeadbeef,
    ssrc: 0xcafebabe,
    payload: Buffer.from("media"),
  });
});

test.each([
  ["one-byte", Buffer.from([0xbe, 0xde, 0, 1, 0x30, 0x80 | 42, 0, 0])],
  [
    "one-byte behind another element",
    Buffer.from([0xbe, 0xde, 0, 2, 0x11, 1, 2, 0, 0x30, 42, 0, 0]),
  ],
  ["two-byte", Buffer.from([0x10, 0, 0, 1, 3, 1, 42, 0])],
])("the audio level is found in a %s extension", (_, extension) => {
  const parsed = parseRtp(packet(extension, Buffer.from("media")), ids(3));
  expect(parsed?.audioLevel).toBe(-42);
  expect(parsed?.payload.toString()).toBe("media");
});

test("another extension is no audio level", () => {
  const extension = Buffer.from([0xbe, 0xde, 0, 1, 0x20, 42, 0, 0]);
  expect(parseRtp(packet(extension, Buffer.from("media")), ids(3))).not.toHaveProperty(
    "audioLevel",
  );
});

test.each([
  ["one-byte", Buffer.from([0xbe, 0xde, 0, 2, 0x30, 42, 0x51, 0xab, 0xcd, 0, 0, 0])],
  ["two-byte", Buffer.from([0x10, 0, 0, 2, 3, 1, 42, 5, 2, 0xab, 0xcd, 0])],
])("the transport sequence number is found in a %s extension", (_, extension) => {
  const parsed = parseRtp(packet(extension, Buffer.from("media")), ids(3, 5));
  expect(parsed).toMatchObject({ audioLevel: -42, transportSequence: 0xabcd });
});

test("an element cut short by the end of the extension is none", () => {
  const extension = Buffer.from([0xbe, 0xde, 0, 1, 0, 0, 0x51, 0xab]);
  const parsed = parseRtp(packet(extension, Buffer.from("media")), ids(0, 5));
  expect(parsed).not.toHaveProperty("transportSequence");
});

test.each([
  ["a one-byte", Buffer.from([0xbe, 0xde, 0, 2, 0x30, 42, 0x42, 0x76, 0x31, 0x30, 0, 0])],
  ["a two-byte", Buffer.from([0x10, 0, 0, 2, 3, 0, 4, 3, 0x76, 0x31, 0x30, 0])],
])("a text is found in %s extension", (_, extension) => {
  const found = headerExtension(packet(extension, Buffer.from("media")), 4);
  expect(found?.toString()).toBe("v10");
});

test.each([
  ["no extension", Buffer.alloc(0), 4],
  ["no element of that id", Buffer.from([0xbe, 0xde, 0, 1, 0x50, 1, 0, 0]), 4],
  ["an element that is cut short", Buffer.from([0xbe, 0xde, 0, 1, 0, 0, 0x45, 1]), 4],
  ["a two-byte element that is cut short", Buffer.from([0x10, 0, 0, 1, 0, 4, 9, 1]), 4],
  ["the id that is none", Buffer.from([0xbe, 0xde, 0, 1, 0, 0, 0, 0]), 0],
])("in a packet with %s no text is found", (_, extension, id) => {
  expect(headerExtension(packet(extension, Buffer.from("media")), id)).toBeUndefined();
});

test("no bytes make looking for a text throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(255), (bytes, id) => {
      headerExtension(Buffer.from(bytes), id);
      headerExtension(Buffer.concat([Buffer.of(0x90), Buffer.from(bytes)]), id);
    }),
  );
});

test("padding does not belong to the payload", () => {
  expect(
    parseRtp(packet(Buffer.alloc(0), Buffer.from("media"), 4), ids())?.payload.toString(),
  ).toBe("media");
  expect(parseRtp(packet(Buffer.alloc(0), Buffer.alloc(0), 200), ids())?.payload).toHaveLength(0);
});

test.each([
  ["too short", Buffer.alloc(11, 0x80)],
  ["another version", Buffer.concat([Buffer.of(0x40), Buffer.alloc(20)])],
  ["contributors beyond the end", Buffer.concat([Buffer.of(0x8f), Buffer.alloc(20)])],
  [
    "an extension beyond the end",
    Buffer.concat([Buffer.of(0x90), Buffer.alloc(13), Buffer.from([0xff, 0xff])]),
  ],
  ["padding that does not count itself", Buffer.concat([Buffer.of(0xa0), Buffer.alloc(13)])],
  ["more padding than packet", Buffer.concat([Buffer.of(0xa0), Buffer.alloc(12), Buffer.of(200)])],
])("a packet with %s is refused", (_, bytes) => {
  expect(parseRtp(bytes, ids(1))).toBeUndefined();
});

test("no bytes make the parser throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 0, max: 15 }), (bytes, id) => {
      const buffer = Buffer.from(bytes);
      isRtcp(buffer);
      const parsed = parseRtp(buffer, ids(id, 15 - id));
      expect(parsed === undefined || parsed.payload.length <= buffer.length).toBe(true);
    }),
    { numRuns: 2000 },
  );
});
