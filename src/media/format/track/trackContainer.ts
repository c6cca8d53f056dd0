import type { MediaCodec } from "../../../core/media.ts";
import { element, float, sizeField, unknownSize, unsigned } from "./ebml.ts";

/** What a track file's header needs to know; sizes in px. */
export interface TrackFormat {
  codec: MediaCodec;
  width: number;
  height: number;
  /** avcC record for H264; ignored for VP8 and Opus. */
  codecPrivate?: Buffer;
}

/** A cluster is closed after this long, so that a reader that starts at the file's tail finds one soon. */
const clusterMaxMs = 5000;
/** A keyframe opens a cluster (a seek point) if the current one is at least this old. */
const clusterMinMs = 1000;
/** Block times are signed 16-bit ms relative to their cluster. */
const blockRangeMs = 30_000;

const codecIds: Record<MediaCodec, string> = {
  opus: "A_OPUS",
  VP8: "V_VP8",
  H264: "V_MPEG4/ISO/AVC",
};

/** File name extension: H.264 is not allowed in WebM. */
export function containerExtension(codec: MediaCodec): "webm" | "mkv" {
  return codec === "H264" ? "mkv" : "webm";
}

/** Bytes of a file that holds this one track, up to where its first cluster begins. */
export function containerHeader(format: TrackFormat): Buffer {
  return Buffer.concat([
    ebmlHeader(containerExtension(format.codec) === "mkv" ? "matroska" : "webm"),
    Buffer.from("18538067", "hex"),
    unknownSize,
    element(
      "1549a966",
      element("2ad7b1", unsigned(1_000_000)),
      writerName("4d80"),
      writerName("5741"),
    ),
    element("1654ae6b", element("ae", ...trackEntry(format))),
  ]);
}

function writerName(id: string): Buffer {
  return element(id, "connvo");
}

function ebmlHeader(docType: string): Buffer {
  return element(
    "1a45dfa3",
    element("4286", unsigned(1)),
    element("42f7", unsigned(1)),
    element("42f2", unsigned(4)),
    element("42f3", unsigned(8)),
    element("4282", docType),
    element("4287", unsigned(4)),
    element("4285", unsigned(2)),
  );
}

function trackEntry(format: TrackFormat): Buffer[] {
  const common = [
    element("d7", unsigned(1)),
    element("73c5", unsigned(1)),
    element("83", unsigned(format.codec === "opus" ? 2 : 1)),
    element("86", codecIds[format.codec]),
    element("9c", unsigned(0)),
  ];
  return format.codec === "opus" ? [...common, ...opusEntry()] : [...common, ...videoEntry(format)];
}

function videoEntry(format: TrackFormat): Buffer[] {
  const size = element(
    "e0",
    element("b0", unsigned(format.width)),
    element("ba", unsigned(format.height)),
    colours,
  );
  const isH264 = format.codec === "H264" && format.codecPrivate !== undefined;
  return isH264 ? [size, element("63a2", format.codecPrivate ?? "")] : [size];
}

/**
 * BT.601 in limited range: what VP8 is (RFC 6386 §9.2), and H.264 whose stream says nothing else of itself is between
 * browsers. Untold, players take it for BT.709 from 720 lines on.
 */
const colours = element(
  "55b0",
  element("55b1", unsigned(6)),
  element("55b9", unsigned(1)),
  element("55ba", unsigned(6)),
  element("55bb", unsigned(6)),
);

function opusEntry(): Buffer[] {
  // OpusHead (RFC 7845 §5.1): version 1, 2 channels, no pre-skip (RTP has none), 48 kHz, no gain, mapping 0.
  const opusHead = Buffer.from("4f707573486561640102000080bb0000000000", "hex");
  const seekPrerollNs = 80_000_000;
  return [
    element("63a2", opusHead),
    element("56aa", unsigned(0)),
    element("56bb", unsigned(seekPrerollNs)),
    element("e1", element("b5", float(48_000)), element("9f", unsigned(2))),
  ];
}

/** Bytes that open a cluster; a reader may resynchronise on them. */
export const clusterMark = Buffer.concat([
  Buffer.from("1f43b675", "hex"),
  unknownSize,
  Buffer.from("e7", "hex"),
  sizeField(8),
]);

/** Bytes of a cluster's beginning: its mark and its time. */
export const clusterHeadBytes = clusterMark.length + 8;
/** Bytes of a block before its frame: id and size, then the track's number, the time in its cluster and flags. */
export const blockHeadBytes = 13;
const blockSizeBytes = 9;
const simpleBlock = 0xa3;
/** Our files hold one track each. */
const trackNumber = 0x81;
const keyFlag = 0x80;
/** The latest time that an index record and a seek point can hold, ms: seven weeks. */
const maxMs = 2 ** 32 - 1;

/** What stands at the beginning of a block. */
export interface BlockHead {
  /** Of the block with its frame, bytes. */
  bytes: number;
  /** Media time, ms. */
  ms: number;
  key: boolean;
}

/** The time of the cluster that begins with these bytes, ms; undefined when they are no beginning of ours. */
export function parseCluster(bytes: Buffer): number | undefined {
  if (bytes.length < clusterHeadBytes) return undefined;
  if (!bytes.subarray(0, clusterMark.length).equals(clusterMark)) return undefined;
  const ms = Number(bytes.readBigUInt64BE(clusterMark.length));
  return ms <= maxMs ? ms : undefined;
}

/** The block that begins with these bytes, in a cluster of that time; undefined when they are no beginning of ours. */
export function parseBlock(bytes: Buffer, clusterMs: number): BlockHead | undefined {
  if (bytes.length < blockHeadBytes || bytes[0] !== simpleBlock || bytes[1] !== 0x01)
    return undefined;
  const size = Number(bytes.readBigUInt64BE(1) & 0x00ff_ffff_ffff_ffffn);
  const [ms, flags] = [clusterMs + bytes.readInt16BE(10), bytes[12] ?? 0];
  const isOurs = bytes[9] === trackNumber && (flags === 0 || flags === keyFlag);
  if (!isOurs || size <= blockHeadBytes - blockSizeBytes || ms < 0 || ms > maxMs) return undefined;
  return { bytes: blockSizeBytes + size, ms, key: flags === keyFlag };
}

/** Lays frames out in clusters of unknown size: what was appended is readable whatever happens next. */
export class ClusterLayout {
  #startMs: number;

  /** `startMs`: the time of the cluster that is open, ms; none is when it is left out. */
  constructor(startMs = Number.NEGATIVE_INFINITY) {
    this.#startMs = startMs;
  }

  /** Bytes to append for one frame; `ms` is media time, whole milliseconds. */
  block(data: Buffer, ms: number, key: boolean): Buffer[] {
    const blocks = this.opensCluster(ms, key) ? [this.#open(ms)] : [];
    const head = Buffer.allocUnsafe(blockHeadBytes);
    head[0] = simpleBlock;
    sizeField(data.length + blockHeadBytes - blockSizeBytes).copy(head, 1);
    head[9] = trackNumber;
    head.writeInt16BE(ms - this.#startMs, 10);
    head[12] = key ? keyFlag : 0;
    return [...blocks, head, data];
  }

  /** Whether that frame, if it is the next one, begins a cluster. */
  opensCluster(ms: number, key: boolean): boolean {
    const age = ms - this.#startMs;
    return age > clusterMaxMs || (key && age > clusterMinMs) || age < -blockRangeMs;
  }

  #open(ms: number): Buffer {
    this.#startMs = ms;
    return Buffer.concat([clusterMark, unsigned(ms)]);
  }
}
