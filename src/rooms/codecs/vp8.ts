import { isPictureTooLarge } from "../../core/picture/pictureLimits.ts";
import type { Depacketizer, EncodedFrame, Placement } from "./depacketizer.ts";

/** Header of a keyframe (RFC 6386 §9.1). */
const headerBytes = 10;

interface Descriptor {
  /** The packet begins the first partition, and with it the frame. */
  startsFrame: boolean;
  /** No other frame refers to this one. */
  unreferenced: boolean;
  picture?: Placement["picture"];
  bytes: number;
}

/** The VP8 payload descriptor (RFC 7741 §4.2); undefined when cut short. */
function parseDescriptor(payload: Buffer): Descriptor | undefined {
  const first = payload[0];
  if (first === undefined) return undefined;
  const startsFrame = (first & 0x10) !== 0 && (first & 0x07) === 0;
  const unreferenced = (first & 0x20) !== 0;
  const extended = (first & 0x80) !== 0;
  const bytes = extended ? extendedBytes(payload) : 1;
  if (bytes >= payload.length) return undefined;
  const picture = extended ? pictureOf(payload) : undefined;
  return { startsFrame, unreferenced, bytes, ...(picture && { picture }) };
}

/** The number of the picture, of 7 or 15 bits. */
function pictureOf(payload: Buffer): Placement["picture"] {
  if (((payload[1] ?? 0) & 0x80) === 0) return undefined;
  const id = payload[2] ?? 0;
  if ((id & 0x80) === 0) return { id, modulus: 0x80 };
  return { id: ((id & 0x7f) << 8) | (payload[3] ?? 0), modulus: 0x8000 };
}

function extendedBytes(payload: Buffer): number {
  const flags = payload[1] ?? 0;
  const pictureId = (flags & 0x80) === 0 ? 0 : ((payload[2] ?? 0) & 0x80) === 0 ? 1 : 2;
  return 2 + pictureId + ((flags & 0x40) === 0 ? 0 : 1) + ((flags & 0x30) === 0 ? 0 : 1);
}

/** Whether a keyframe begins with this payload. */
export function startsVp8Keyframe(payload: Buffer): boolean {
  const descriptor = parseDescriptor(payload);
  return descriptor?.startsFrame === true && ((payload[descriptor.bytes] ?? 1) & 1) === 0;
}

/** Size in px of the keyframe that begins with this payload; without end where the payload does not say. */
export function announcedVp8Size(payload: Buffer): { width: number; height: number } | undefined {
  const descriptor = parseDescriptor(payload);
  if (!descriptor?.startsFrame || ((payload[descriptor.bytes] ?? 1) & 1) === 1) return undefined;
  const frame = payload.subarray(descriptor.bytes);
  const unknown = Number.POSITIVE_INFINITY;
  return frame.length < headerBytes ? { width: unknown, height: unknown } : sizeOf(frame);
}

export class Vp8Depacketizer implements Depacketizer {
  #parts: Buffer[] = [];

  startsFrame(payload: Buffer): boolean {
    return parseDescriptor(payload)?.startsFrame ?? false;
  }

  placement(payload: Buffer): Placement {
    const descriptor = parseDescriptor(payload);
    const { startsFrame = false, unreferenced = false, picture } = descriptor ?? {};
    return { startsFrame, unreferenced, goesOn: false, ...(picture && { picture }) };
  }

  add(payload: Buffer): boolean {
    const descriptor = parseDescriptor(payload);
    if (descriptor === undefined) return false;
    this.#parts.push(payload.subarray(descriptor.bytes));
    return true;
  }

  salvage(): void {}

  gap(): void {}

  finish(): EncodedFrame | undefined {
    const parts = this.#parts;
    this.#parts = [];
    if (parts.length === 0) return undefined;
    return describe(Buffer.concat(parts));
  }

  reset(): void {
    this.#parts = [];
  }
}

/** Reads the frame header (RFC 6386 §9.1); undefined when the data is no VP8 frame. */
function describe(data: Buffer): EncodedFrame | undefined {
  if (data.length < 3) return undefined;
  if ((data.readUInt8(0) & 1) === 1) return { data, key: false };
  if (data.length < headerBytes || data.readUIntBE(3, 3) !== 0x9d012a) return undefined;
  const { width, height } = sizeOf(data);
  if (width === 0 || height === 0 || isPictureTooLarge({ width, height })) return undefined;
  return { data, key: true, width, height };
}

/** Of a keyframe, whose header says it. */
function sizeOf(frame: Buffer): { width: number; height: number } {
  return { width: frame.readUInt16LE(6) & 0x3fff, height: frame.readUInt16LE(8) & 0x3fff };
}
