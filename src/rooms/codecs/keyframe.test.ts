import { expect, test } from "vitest";
import { startsKeyframe, startsKeyPicture } from "./keyframe.ts";

const bytes = (...values: number[]) => Buffer.from(values);

test.each([
  ["VP8 with a long descriptor", "VP8", bytes(0x90, 0x80, 0x80, 1, 0x10, 0, 0), true],
  ["VP8 with a short descriptor", "VP8", bytes(0x10, 0x50, 0, 0), true],
  ["VP8 between keyframes", "VP8", bytes(0x90, 0x80, 0x80, 1, 0x11, 0, 0), false],
  ["the middle of a VP8 keyframe", "VP8", bytes(0x80, 0x80, 0x80, 1, 0x10, 0, 0), false],
  ["a VP8 descriptor alone", "VP8", bytes(0x90, 0x80, 0x80, 1), false],
  ["H.264 parameters", "H264", bytes(0x67, 0x42), true],
  ["an H.264 picture parameter set", "H264", bytes(0x68, 0xcb), true],
  ["an H.264 parameter set in fragments", "H264", bytes(0x7c, 0x87, 0x42), true],
  ["an H.264 IDR slice", "H264", bytes(0x65, 0x88), true],
  ["an H.264 slice", "H264", bytes(0x41, 0x9a), false],
  ["parameters among others", "H264", bytes(0x78, 0, 1, 0x09, 0, 2, 0x67, 0x42), true],
  ["an aggregate without", "H264", bytes(0x78, 0, 1, 0x09, 0, 2, 0x41, 0x42), false],
  ["an aggregate cut short", "H264", bytes(0x78, 0, 9), false],
  ["the first part of an IDR slice", "H264", bytes(0x7c, 0x85, 0x88), true],
  ["a later part of an IDR slice", "H264", bytes(0x7c, 0x05, 0x88), false],
  ["no payload", "H264", bytes(), false],
  ["padding", "VP8", bytes(), false],
  ["any sound", "opus", bytes(0xf8), true],
] as const)("%s", (_, codec, payload, expected) => {
  expect(startsKeyframe(codec, payload)).toBe(expected);
});

test.each([
  ["an IDR slice", "H264", bytes(0x65, 0x88), true],
  ["an IDR slice behind parameters", "H264", bytes(0x78, 0, 2, 0x67, 0x42, 0, 2, 0x65, 0x88), true],
  ["parameters, which may come without a picture", "H264", bytes(0x67, 0x42), false],
  ["a VP8 keyframe", "VP8", bytes(0x10, 0x50, 0, 0), true],
  ["sound", "opus", bytes(0xf8), false],
] as const)("whether the picture of a keyframe begins: %s", (_, codec, payload, expected) => {
  expect(startsKeyPicture(codec, payload)).toBe(expected);
});
