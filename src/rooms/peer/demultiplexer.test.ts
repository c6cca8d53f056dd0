import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { video } from "../../../test/support/rtpPackets.ts";
import type { MediaLine } from "../sdp/offer.ts";
import { Demultiplexer } from "./demultiplexer.ts";

const audio: MediaLine = { ...video, mid: "a", kind: "audio", codec: "opus", payloadType: 111 };
const sameType: MediaLine = { ...audio, payloadType: 96 };
const midId = 4;
const [toAudio, toVideo] = [0, 1];

function demultiplexer({
  lines = [audio, video],
  midExtensionId = midId,
  announced = [] as [number, string][],
  present = [] as number[],
} = {}) {
  const routing = { midExtensionId, announced: new Map(announced) };
  return new Demultiplexer(lines, routing, (ssrc) => present.includes(ssrc));
}

/** A packet with its MID in a one-byte header extension, if it has one. */
function packet(ssrc: number, payloadType: number, mid = ""): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt8(mid ? 0x90 : 0x80, 0);
  header.writeUInt8(0x80 | payloadType, 1);
  header.writeUInt32BE(ssrc, 8);
  const element = mid ? [Buffer.of((midId << 4) | (mid.length - 1)), Buffer.from(mid)] : [];
  const data = Buffer.concat(element);
  const padding = Buffer.alloc(-data.length & 3);
  const head = Buffer.from([0xbe, 0xde, 0, (data.length + padding.length) / 4]);
  return Buffer.concat([header, ...(mid ? [head, data, padding] : []), Buffer.from("media")]);
}

describe("a new SSRC belongs to the line", () => {
  test("its MID names", () => {
    const lines = demultiplexer({ lines: [sameType, video] });
    expect(lines.lineOf(packet(1, 96, "v"))).toBe(toVideo);
    expect(lines.lineOf(packet(2, 96, "a"))).toBe(toAudio);
  });

  test("its MID names rather than the one it was announced for", () => {
    const lines = demultiplexer({ lines: [sameType, video], announced: [[1, "a"]] });
    expect(lines.lineOf(packet(1, 96, "v"))).toBe(toVideo);
  });

  test("it was announced for", () => {
    const lines = demultiplexer({ lines: [sameType, video], announced: [[1, "v"]] });
    expect(lines.lineOf(packet(1, 96))).toBe(toVideo);
  });

  test("that alone has its payload type", () => {
    const lines = demultiplexer();
    expect(lines.lineOf(packet(1, 96))).toBe(toVideo);
    expect(lines.lineOf(packet(2, 111))).toBe(toAudio);
  });

  test("whatever its later packets name or leave out", () => {
    const lines = demultiplexer({ lines: [sameType, video] });
    lines.lineOf(packet(1, 96, "v"));
    expect(lines.lineOf(packet(1, 96))).toBe(toVideo);
    expect(lines.lineOf(packet(1, 13))).toBe(toVideo);
    expect(lines.strays).toBe(0);
  });
});

describe("a stray is", () => {
  test.each([
    ["a packet of an unknown MID", packet(1, 96, "x"), {}],
    ["a repair stream of a line", packet(1, 97, "v"), {}],
    ["a payload type of two lines", packet(1, 96), { lines: [sameType, video] }],
    ["an unknown payload type", packet(1, 100), {}],
    ["an announced SSRC of another payload type", packet(1, 97), { announced: [[1, "v"]] }],
    ["a packet that is cut short", Buffer.from([0x80, 96, 0]), {}],
  ] as const)("%s", (_, bytes, over) => {
    const lines = demultiplexer(over as Parameters<typeof demultiplexer>[0]);
    expect(lines.lineOf(bytes)).toBeUndefined();
    expect(lines.strays).toBe(1);
  });

  test("is not remembered", () => {
    const lines = demultiplexer();
    lines.lineOf(packet(1, 97));
    expect(lines.lineOf(packet(1, 96))).toBe(toVideo);
  });
});

test("no more is remembered than a few, whoever is received among them", () => {
  const lines = demultiplexer({ lines: [sameType, video], present: [7] });
  for (const ssrc of [7, 8]) lines.lineOf(packet(ssrc, 96, "v"));
  for (let ssrc = 100; ssrc < 200; ssrc++) lines.lineOf(packet(ssrc, 96, "v"));
  expect(lines.lineOf(packet(7, 96))).toBe(toVideo);
  expect(lines.lineOf(packet(8, 96))).toBeUndefined();
});

test("no bytes make it throw", () => {
  const lines = demultiplexer({ announced: [[0, "v"]] });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      expect([toAudio, toVideo, undefined]).toContain(lines.lineOf(Buffer.from(bytes)));
    }),
  );
});

test("of simulcast only the layer that was asked for belongs to the line", () => {
  const ridExtensionId = midId;
  const layered: MediaLine = { ...video, layer: { rid: "f", ridExtensionId } };
  const lines = demultiplexer({ lines: [audio, layered], midExtensionId: 0 });
  expect(lines.lineOf(packet(1, 96, "q"))).toBeUndefined();
  expect(lines.lineOf(packet(2, 96, "f"))).toBe(toVideo);
  // The name is left out as soon as the sender has been heard.
  expect(lines.lineOf(packet(1, 96))).toBeUndefined();
  expect(lines.lineOf(packet(2, 96))).toBe(toVideo);
  expect(lines.lineOf(packet(3, 96))).toBe(toVideo);
});
