import type { Depacketizer, EncodedFrame } from "./depacketizer.ts";
import { pictureSize } from "./h264Sps.ts";

const nalSlice = 1;
const nalIdr = 5;
const nalSei = 6;
const nalSps = 7;
const nalPps = 8;
const nalDelimiter = 9;
const nalFiller = 12;
const nalStapA = 24;
const nalFuA = 28;

const typeOf = (nal: Buffer): number => (nal[0] ?? 0) & 0x1f;

/** Whether a payload begins a picture that can be decoded by itself: parameter sets or an IDR slice. */
export function startsH264Keyframe(payload: Buffer): boolean {
  const type = typeOf(payload);
  if (type === nalFuA) {
    const header = payload[1] ?? 0;
    return (header & 0x80) !== 0 && startsKey(header & 0x1f);
  }
  return type === nalStapA ? aggregatedTypes(payload).some(startsKey) : startsKey(type);
}

const startsKey = (type: number): boolean => type === nalSps || type === nalIdr;

function aggregatedTypes(payload: Buffer): number[] {
  const types: number[] = [];
  for (let at = 1; at + 2 < payload.length; at += 2 + payload.readUInt16BE(at))
    types.push((payload[at + 2] ?? 0) & 0x1f);
  return types;
}

/** H.264 in packetization mode 1 (RFC 6184): single NAL units, STAP-A, FU-A. Frames come out with 4-byte lengths. */
export class H264Depacketizer implements Depacketizer {
  #nals: Buffer[] = [];
  #fragments: Buffer[] = [];
  #sps: Buffer | undefined;
  #pps: Buffer | undefined;

  /** True for parameter sets, SEI, delimiters and the first slice of a picture. */
  startsFrame(payload: Buffer): boolean {
    const type = typeOf(payload);
    if (type === nalStapA) return startsPicture(payload.subarray(3));
    if (type !== nalFuA) return startsPicture(payload);
    const header = payload[1] ?? 0;
    return (header & 0x80) !== 0 && startsPictureOf(header & 0x1f, payload[2] ?? 0);
  }

  add(payload: Buffer): boolean {
    const type = typeOf(payload);
    if (type === nalFuA) return this.#addFragment(payload);
    if (this.#fragments.length > 0) return false;
    if (type === nalStapA) return this.#addAggregate(payload);
    if (type < nalSlice || type > 23) return false;
    this.#take(payload);
    return true;
  }

  finish(): EncodedFrame | "empty" | undefined {
    const nals = this.#nals;
    const cut = this.#fragments.length > 0;
    this.reset();
    if (cut) return undefined;
    if (!nals.some((nal) => typeOf(nal) >= nalSlice && typeOf(nal) <= nalIdr)) return "empty";
    const data = lengthPrefixed(nals);
    if (!nals.some((nal) => typeOf(nal) === nalIdr)) return { data, key: false };
    const configuration = this.#configuration();
    // Its parameter sets were lost: nothing could decode it, so another is asked for at once.
    return configuration && { data, key: true, ...configuration };
  }

  reset(): void {
    this.#nals = [];
    this.#fragments = [];
  }

  #configuration(): Omit<EncodedFrame, "data" | "key"> | undefined {
    if (!this.#sps || !this.#pps) return undefined;
    const size = pictureSize(this.#sps);
    return size && { ...size, codecPrivate: decoderConfiguration(this.#sps, this.#pps) };
  }

  #addAggregate(payload: Buffer): boolean {
    let at = 1;
    while (at + 2 < payload.length) {
      const end = at + 2 + payload.readUInt16BE(at);
      if (end > payload.length || end === at + 2) return false;
      this.#take(payload.subarray(at + 2, end));
      at = end;
    }
    return at > 1 && at === payload.length;
  }

  #addFragment(payload: Buffer): boolean {
    if (payload.length < 3) return false;
    const indicator = payload.readUInt8(0);
    const header = payload.readUInt8(1);
    const starts = (header & 0x80) !== 0;
    if (starts !== (this.#fragments.length === 0)) return false;
    if (starts) this.#fragments.push(Buffer.of((indicator & 0xe0) | (header & 0x1f)));
    this.#fragments.push(payload.subarray(2));
    if ((header & 0x40) === 0) return true;
    this.#take(Buffer.concat(this.#fragments));
    this.#fragments = [];
    return true;
  }

  #take(nal: Buffer): void {
    const type = typeOf(nal);
    if (type === nalDelimiter || type === nalFiller) return;
    if (type === nalSps && nal.length >= 4 && nal.length <= 0xffff) this.#sps = nal;
    if (type === nalPps && nal.length >= 2 && nal.length <= 0xffff) this.#pps = nal;
    this.#nals.push(nal);
  }
}

const startsPicture = (nal: Buffer): boolean => startsPictureOf(typeOf(nal), nal[1] ?? 0);

/** A slice header begins with `first_mb_in_slice`; its first bit is set exactly when that is zero. */
function startsPictureOf(type: number, firstByte: number): boolean {
  if (type >= nalSei && type <= nalDelimiter) return true;
  return type >= nalSlice && type <= nalIdr && (firstByte & 0x80) !== 0;
}

function lengthPrefixed(nals: readonly Buffer[]): Buffer {
  const data = Buffer.allocUnsafe(nals.reduce((sum, nal) => sum + 4 + nal.length, 0));
  let at = 0;
  for (const nal of nals) {
    at = data.writeUInt32BE(nal.length, at);
    at += nal.copy(data, at);
  }
  return data;
}

/** The avcC record (ISO/IEC 14496-15 §5.3.3.1) for 4-byte lengths and one set of each kind. */
function decoderConfiguration(sps: Buffer, pps: Buffer): Buffer {
  const record = Buffer.alloc(11 + sps.length + pps.length);
  record.writeUInt8(1, 0);
  sps.copy(record, 1, 1, 4);
  record.writeUInt8(0xff, 4);
  record.writeUInt8(0xe1, 5);
  record.writeUInt16BE(sps.length, 6);
  sps.copy(record, 8);
  record.writeUInt8(1, 8 + sps.length);
  record.writeUInt16BE(pps.length, 9 + sps.length);
  pps.copy(record, 11 + sps.length);
  return record;
}
