import type { Depacketizer, EncodedFrame, Placement } from "./depacketizer.ts";
import { isSlice, nalType, ppsOfSlice, spsId, typeOf } from "./h264Ids.ts";
import { codedSize, type PictureSize, pictureSize } from "./h264Sps.ts";
import { ParameterSets } from "./parameterSets.ts";

const nalStapA = 24;
const nalFuA = 28;

const isSet = (type: number): boolean => type === nalType.sps || type === nalType.pps;
const isIdr = (type: number): boolean => type === nalType.idr;

/** Whether a payload begins a picture that can be decoded by itself: parameter sets or an IDR slice. */
export function startsH264Keyframe(payload: Buffer): boolean {
  return startsUnit(payload, (type) => isSet(type) || isIdr(type));
}

/** Whether a slice of such a picture itself begins in a payload. */
export function startsIdrSlice(payload: Buffer): boolean {
  return startsUnit(payload, isIdr);
}

function startsUnit(payload: Buffer, wanted: (type: number) => boolean): boolean {
  const type = typeOf(payload);
  if (type === nalFuA) {
    const header = payload[1] ?? 0;
    return (header & 0x80) !== 0 && wanted(header & 0x1f);
  }
  if (type !== nalStapA) return wanted(type);
  return unitsOf(payload)?.some((nal) => wanted(typeOf(nal))) ?? false;
}

/** Stands for the id of a parameter set that is cut into pieces. */
export const cutId = -1;

/** The sequence parameter sets in a payload and their sizes in px; without end where one is cut into pieces, as none needs to be. */
export function announcedH264Sizes(payload: Buffer): (PictureSize & { id: number })[] {
  const type = typeOf(payload);
  if (type === nalFuA) {
    const header = payload[1] ?? 0;
    const unknown = Number.POSITIVE_INFINITY;
    const isSps = (header & 0x80) !== 0 && (header & 0x1f) === nalType.sps;
    return isSps ? [{ id: cutId, width: unknown, height: unknown }] : [];
  }
  const units = type === nalStapA ? (unitsOf(payload) ?? []) : [payload];
  return units.flatMap((nal) => {
    const size = typeOf(nal) === nalType.sps ? codedSize(nal) : undefined;
    const id = size && spsId(nal);
    return size && id !== undefined ? [{ id, ...size }] : [];
  });
}

/** The NAL units of an aggregate; undefined when it is malformed. */
function unitsOf(payload: Buffer): Buffer[] | undefined {
  const units: Buffer[] = [];
  let at = 1;
  while (at + 2 < payload.length) {
    const end = at + 2 + payload.readUInt16BE(at);
    if (end > payload.length || end === at + 2) return undefined;
    units.push(payload.subarray(at + 2, end));
    at = end;
  }
  return at > 1 && at === payload.length ? units : undefined;
}

/**
 * H.264 in packetization mode 1 (RFC 6184): single NAL units, STAP-A, FU-A. Frames come out with 4-byte lengths, and
 * behind the parameter sets that changed since the last one, wherever these came; keyframes behind all they need.
 */
export class H264Depacketizer implements Depacketizer {
  #nals: Buffer[] = [];
  #fragments: Buffer[] = [];
  #sets: ParameterSets;
  /** Those in the frame, in front of its first slice. */
  #carried = new Set<number>();
  /** Those behind its first slice: they hold from the next frame on. */
  #later: Buffer[] = [];
  #hasSlice = false;

  /** `signalled`: parameter sets known before the first packet. */
  constructor(signalled?: readonly Buffer[]) {
    this.#sets = new ParameterSets(signalled);
  }

  /** True for parameter sets, SEI, delimiters and the first slice of a picture. */
  startsFrame(payload: Buffer): boolean {
    const type = typeOf(payload);
    if (type === nalStapA) return startsPicture(payload.subarray(3));
    if (type !== nalFuA) return startsPicture(payload);
    const header = payload[1] ?? 0;
    return (header & 0x80) !== 0 && startsPictureOf(header & 0x1f, payload[2] ?? 0);
  }

  placement(payload: Buffer): Placement {
    const [first = 0, header = 0] = payload;
    const fragment = (first & 0x1f) === nalFuA;
    const type = fragment ? header & 0x1f : first & 0x1f;
    return {
      startsFrame: this.startsFrame(payload),
      unreferenced: isSlice(type) && (first & 0x60) === 0,
      goesOn: fragment && (header & 0x40) === 0,
    };
  }

  add(payload: Buffer): boolean {
    const type = typeOf(payload);
    if (type === nalFuA) return this.#addFragment(payload);
    if (this.#fragments.length > 0) return false;
    if (type === nalStapA) return this.#addAggregate(payload);
    if (type < nalType.slice || type > 23) return false;
    this.#take(payload);
    return true;
  }

  salvage(payload: Buffer): void {
    if (isSet(typeOf(payload))) this.#sets.take(payload);
    if (typeOf(payload) !== nalStapA) return;
    for (const nal of unitsOf(payload) ?? []) if (isSet(typeOf(nal))) this.#sets.take(nal);
  }

  gap(): void {
    this.#sets.gap();
  }

  finish(): EncodedFrame | "empty" | undefined {
    const cut = this.#fragments.length > 0;
    const frame = cut ? undefined : this.#hasSlice ? this.#picture() : "empty";
    this.reset();
    return frame;
  }

  reset(): void {
    for (const nal of this.#later) this.#sets.take(nal);
    this.#later = [];
    this.#nals = [];
    this.#fragments = [];
    this.#carried.clear();
    this.#hasSlice = false;
  }

  #picture(): EncodedFrame | undefined {
    const idr = this.#nals.filter((nal) => isIdr(typeOf(nal)));
    const key = idr.length > 0;
    const needed = key ? this.#sets.neededBy(idr.map(ppsOfSlice)) : [];
    this.#sets.pictureEnded(key);
    // Its parameter sets were lost: nothing could decode it, so another is asked for at once.
    if (!needed) return undefined;
    if (!key) return { data: this.#data(needed), key };
    const configuration = this.#sets.decoderConfiguration(needed);
    const size = configuration && pictureSize(configuration.sps);
    if (!size) return undefined;
    return { data: this.#data(needed), key, ...size, codecPrivate: configuration.record };
  }

  /** The frame as it came, unless parameter sets are missing in it. */
  #data(needed: readonly number[]): Buffer {
    const sets = this.#sets;
    const wanted = sets.changed ? [...needed, ...sets.unwritten()] : needed;
    if (wanted.length === 0) return lengthPrefixed(this.#nals);
    const front = sets.write([...this.#carried, ...wanted]);
    const complete = wanted.every((key) => this.#carried.has(key));
    if (complete) return lengthPrefixed(this.#nals);
    // All of them in one place: a decoder wants each behind the one that it refers to.
    return lengthPrefixed([...front, ...this.#withoutCarried()]);
  }

  #withoutCarried(): Buffer[] {
    const slice = this.#nals.findIndex((nal) => isSlice(typeOf(nal)));
    return this.#nals.filter((nal, i) => i >= slice || !isSet(typeOf(nal)));
  }

  #addAggregate(payload: Buffer): boolean {
    const units = unitsOf(payload);
    for (const nal of units ?? []) this.#take(nal);
    return units !== undefined;
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
    if (type === nalType.delimiter || type === nalType.filler) return;
    if (isSlice(type)) this.#hasSlice = true;
    if (isSet(type)) this.#takeSet(nal);
    this.#nals.push(nal);
  }

  #takeSet(nal: Buffer): void {
    if (this.#hasSlice) {
      this.#later.push(nal);
      return;
    }
    const key = this.#sets.take(nal);
    if (key !== undefined) this.#carried.add(key);
  }
}

const startsPicture = (nal: Buffer): boolean => startsPictureOf(typeOf(nal), nal[1] ?? 0);

/** A slice header begins with `first_mb_in_slice`; its first bit is set exactly when that is zero. */
function startsPictureOf(type: number, firstByte: number): boolean {
  if (type >= nalType.sei && type <= nalType.delimiter) return true;
  return isSlice(type) && (firstByte & 0x80) !== 0;
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
