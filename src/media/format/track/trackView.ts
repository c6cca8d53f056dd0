import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { element, float, unknownSize, unsigned } from "./ebml.ts";
import { silencePackets } from "./opusPacket.ts";
import { ClusterLayout } from "./trackContainer.ts";
import { indexTrack, type TrackIndex, type TrackMark, trackIndexName } from "./trackIndex.ts";

/** Bytes made for the view, or those of the captured file between two offsets. */
type ViewPart = { bytes: Buffer } | { from: number; to: number };

/**
 * A track file as a player wants it: duration and seek points in front, silence where sound is missing (players go on
 * with the next packet at once, which would bring sound and picture apart), nothing torn or damaged. It is never written:
 * its frames are read from the captured file.
 */
export interface TrackView {
  /** Absolute path of the captured file. */
  path: string;
  parts: ViewPart[];
  sizeBytes: number;
  /** Changes with the content. */
  digest: string;
}

/** The file has no header that we could have written. */
export class NotATrackError extends Error {
  constructor(path: string) {
    super(`not a track file: ${path}`);
    this.name = "NotATrackError";
  }
}

const ids = { segment: "18538067", info: "1549a966", tracks: "1654ae6b", cues: "1c53bb6b" };
/** The longest header is a few hundred bytes; H.264 parameter sets are bounded by 64 KiB each. */
const maxHeaderBytes = 1 << 18;
/** How long the last frame lasts, ms: nothing in the file says so. */
const lastFrameMs = 40;
/** Seek points are at least that far apart, ms: they are loaded before anything plays. */
const seekPointMs = 2000;
const readBytes = 1 << 18;

/** Lays out the view of a captured track. @throws NotATrackError when not even its header is there, Error with code ENOENT without it */
export async function viewTrack(path: string, trackId: string, sound: boolean): Promise<TrackView> {
  const handle = await open(path, "r");
  try {
    const header = await readHeader(handle, path);
    const indexPath = join(dirname(path), trackIndexName(trackId));
    const index = await indexTrack(handle, indexPath, { firstCluster: header.bytes, sound });
    const { parts, points } = layOut(index, header.bytes);
    const front = frontOf(header, index, points);
    const all = [{ bytes: front }, ...parts];
    const sizeBytes = all.reduce((sum, part) => sum + lengthOf(part), 0);
    const digest = createHash("sha256").update(front).update(String(sizeBytes)).digest("hex");
    return { path, parts: all, sizeBytes, digest };
  } finally {
    await handle.close();
  }
}

/** Bytes `start..end` (inclusive) of a view. */
export function readView(view: TrackView, range: { start: number; end: number }): Readable {
  return Readable.from(bytesOf(view, range), { objectMode: false });
}

async function* bytesOf(
  { path, parts }: TrackView,
  { start, end }: { start: number; end: number },
): AsyncGenerator<Buffer> {
  const handle = await open(path, "r");
  try {
    let at = 0;
    for (const part of parts) {
      const length = lengthOf(part);
      const [from, to] = [Math.max(start - at, 0), Math.min(end + 1 - at, length)];
      at += length;
      if (from >= to) continue;
      if ("bytes" in part) yield part.bytes.subarray(from, to);
      else yield* bytesOfFile(handle, part.from + from, part.from + to);
    }
  } finally {
    await handle.close();
  }
}

async function* bytesOfFile(handle: FileHandle, from: number, to: number): AsyncGenerator<Buffer> {
  for (let at = from; at < to; ) {
    const wanted = Buffer.allocUnsafe(Math.min(readBytes, to - at));
    const { bytesRead } = await handle.read(wanted, 0, wanted.length, at);
    if (bytesRead === 0) throw new Error("the captured file is shorter than it was");
    yield wanted.subarray(0, bytesRead);
    at += bytesRead;
  }
}

function lengthOf(part: ViewPart): number {
  return "bytes" in part ? part.bytes.length : part.to - part.from;
}

/** A place to seek to; `position` counts from the first cluster of the view. */
interface SeekPoint {
  ms: number;
  position: number;
}

function layOut(
  index: TrackIndex,
  headerBytes: number,
): { parts: ViewPart[]; points: SeekPoint[] } {
  const parts: ViewPart[] = [];
  const points: SeekPoint[] = [];
  let [from, filled, clusterMs] = [headerBytes, 0, 0];
  for (const mark of index.marks) {
    const { offset, damagedFrom = offset } = mark;
    if (mark.missingMs > 0 || damagedFrom < offset) {
      const bytes = mark.missingMs > 0 ? silenceBefore(mark, clusterMs) : Buffer.alloc(0);
      parts.push({ from, to: damagedFrom }, { bytes });
      filled += bytes.length - (offset - damagedFrom);
      from = offset;
    }
    if (!mark.cluster) continue;
    clusterMs = mark.ms;
    const last = points.at(-1);
    if (mark.key && (!last || mark.ms - last.ms >= seekPointMs))
      points.push({ ms: mark.ms, position: mark.offset - headerBytes + filled });
  }
  parts.push({ from, to: Math.max(from, index.endOffset) });
  return { parts, points };
}

/** Inside a cluster silence continues it; between two it has its own. */
function silenceBefore({ ms, missingMs, cluster }: TrackMark, clusterMs: number): Buffer {
  const layout = cluster ? new ClusterLayout() : new ClusterLayout(clusterMs);
  const startMs = ms - missingMs;
  const packets = silencePackets(missingMs);
  return Buffer.concat(packets.flatMap((one) => layout.block(one.data, startMs + one.ms, false)));
}

interface Header {
  ebml: Buffer;
  tracks: Buffer;
  /** Where the first cluster begins. */
  bytes: number;
}

/** The header's elements, which our writer lays out with 4-byte ids and 8-byte sizes. */
async function readHeader(handle: FileHandle, path: string): Promise<Header> {
  const { buffer, bytesRead } = await handle.read(
    Buffer.alloc(maxHeaderBytes),
    0,
    maxHeaderBytes,
    0,
  );
  const start = buffer.subarray(0, bytesRead);
  const ebml = elementAt(start, 0, "1a45dfa3");
  const infoAt = (ebml?.length ?? 0) + 12;
  const isSegment = ebml && start.toString("hex", ebml.length, ebml.length + 4) === ids.segment;
  const info = isSegment ? elementAt(start, infoAt, ids.info) : undefined;
  const tracks = info && elementAt(start, infoAt + info.length, ids.tracks);
  if (!ebml || !info || !tracks) throw new NotATrackError(path);
  return { ebml, tracks, bytes: infoAt + info.length + tracks.length };
}

function elementAt(bytes: Buffer, at: number, id: string): Buffer | undefined {
  if (at + 12 > bytes.length || bytes.toString("hex", at, at + 4) !== id) return undefined;
  const size = Number(bytes.readBigUInt64BE(at + 4) & 0x00ff_ffff_ffff_ffffn);
  return at + 12 + size <= bytes.length ? bytes.subarray(at, at + 12 + size) : undefined;
}

function frontOf({ ebml, tracks }: Header, index: TrackIndex, points: SeekPoint[]): Buffer {
  const info = element(
    ids.info,
    element("2ad7b1", unsigned(1_000_000)),
    element("4489", float(index.lastMs + lastFrameMs)),
    element("4d80", "connvo"),
    element("5741", "connvo"),
  );
  const infoAt = seekHead([]).length;
  const cuesAt = infoAt + info.length + tracks.length;
  const clustersAt = cuesAt + cues(points, 0).length;
  return Buffer.concat([
    ebml,
    // Of unknown size, as the clusters in it are: a segment that ends would promise that they do.
    Buffer.from(ids.segment, "hex"),
    unknownSize,
    seekHead([infoAt, infoAt + info.length, cuesAt]),
    info,
    tracks,
    cues(points, clustersAt),
  ]);
}

/** Where info, tracks and cues are, in bytes from the segment's content. */
function seekHead(positions: number[]): Buffer {
  const entries = [ids.info, ids.tracks, ids.cues].map((id, at) =>
    element(
      "4dbb",
      element("53ab", Buffer.from(id, "hex")),
      element("53ac", unsigned(positions[at] ?? 0)),
    ),
  );
  return element("114d9b74", ...entries);
}

function cues(points: SeekPoint[], clustersAt: number): Buffer {
  return element(ids.cues, ...points.map((point) => cuePoint(point, clustersAt)));
}

/** Written out with one-byte sizes: there are many of them. */
function cuePoint({ ms, position }: SeekPoint, clustersAt: number): Buffer {
  const bytes = Buffer.from("bb93b38400000000b78bf78101f18600000000", "hex");
  const point = Buffer.concat([bytes, Buffer.alloc(2)]);
  point.writeUInt32BE(ms, 4);
  point.writeUIntBE(position + clustersAt, 15, 6);
  return point;
}
