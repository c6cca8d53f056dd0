import type { Depacketizer, EncodedFrame } from "./depacketizer.ts";

interface Descriptor {
  /** The packet begins the first partition, and with it the frame. */
  startsFrame: boolean;
  bytes: number;
}

/** The VP8 payload descriptor (RFC 7741 §4.2); undefined when cut short. */
function parseDescriptor(payload: Buffer): Descriptor | undefined {
  const first = payload[0];
  if (first === undefined) return undefined;
  const startsFrame = (first & 0x10) !== 0 && (first & 0x07) === 0;
  const bytes = (first & 0x80) === 0 ? 1 : extendedBytes(payload);
  return bytes < payload.length ? { startsFrame, bytes } : undefined;
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

export class Vp8Depacketizer implements Depacketizer {
  #parts: Buffer[] = [];

  startsFrame(payload: Buffer): boolean {
    return parseDescriptor(payload)?.startsFrame ?? false;
  }

  add(payload: Buffer): boolean {
    const descriptor = parseDescriptor(payload);
    if (descriptor === undefined) return false;
    this.#parts.push(payload.subarray(descriptor.bytes));
    return true;
  }

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
  if (data.length < 10 || data.readUIntBE(3, 3) !== 0x9d012a) return undefined;
  const width = data.readUInt16LE(6) & 0x3fff;
  const height = data.readUInt16LE(8) & 0x3fff;
  return width > 0 && height > 0 ? { data, key: true, width, height } : undefined;
}
