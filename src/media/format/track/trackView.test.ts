import { mkdtemp, open, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ManualClock } from "../../../../test/media/support/captureClock.ts";
import { silentLog } from "../../../core/log.ts";
import { constants, FFmpegError, FormatContext, Packet } from "../../render/decode/nodeAv.ts";
import { CaptureWriter } from "../write/captureWriter.ts";
import { opusDurationMs, silencePackets } from "./opusPacket.ts";
import { clusterMark } from "./trackContainer.ts";
import { indexTrack, trackIndexName } from "./trackIndex.ts";
import { NotATrackError, readView, viewTrack } from "./trackView.ts";

let root: string;
let dir: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "track-view-"));
  dir = join(root, "capture");
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** One frame of 20 ms in each packet. */
const packet = Buffer.from("f8fffe", "hex");
const everyMs = 20;
/** How a VP8 key frame of 640×360 begins (RFC 6386 §9.1). */
const keyFrameHead = Buffer.from("1000009d012a80026801", "hex");

interface Sound {
  durationMs: number;
  /** Nothing is sent in these times, ms. */
  silences?: [number, number][];
}

/** Captures a track of sound; returns the path of its file. */
async function sound({ durationMs, silences = [] }: Sound): Promise<string> {
  const writer = await openWriter();
  const track = writer.track({
    ...{ participant: "p1", kind: "audio", codec: "opus", clockRate: 48_000, ssrc: 1 },
  });
  for (let ms = 0; ms < durationMs; ms += everyMs)
    if (!silences.some(([from, to]) => ms >= from && ms < to))
      track.frame({ data: packet, ms, key: true });
  await writer.seal("stopped");
  return join(dir, "track0001-audio.webm");
}

/** Captures ten pictures a second with a key frame every second; returns the path of its file. */
async function pictures(durationMs: number): Promise<string> {
  const writer = await openWriter();
  const track = writer.track({
    ...{ participant: "p1", kind: "video", codec: "VP8", clockRate: 90_000, ssrc: 1 },
  });
  for (let ms = 0; ms < durationMs; ms += 100) {
    const key = ms % 1000 === 0;
    const data = Buffer.alloc(500, 1);
    if (key) keyFrameHead.copy(data);
    track.frame({ data, ms, key, ...(key ? { width: 640, height: 360 } : {}) });
  }
  await writer.seal("stopped");
  return join(dir, "track0001-video.webm");
}

function openWriter(): Promise<CaptureWriter> {
  const start = { recordingId: "r", roomId: "m", maxDurationMs: 3_600_000 };
  return CaptureWriter.create(dir, start, { clock: new ManualClock(), log: silentLog });
}

const view = (path: string, isSound = true) => viewTrack(path, "track0001", isSound);

async function bytesOf(path: string, isSound = true): Promise<Buffer> {
  const found = await view(path, isSound);
  return buffer(readView(found, { start: 0, end: found.sizeBytes - 1 }));
}

interface Demuxed {
  durationMs: number;
  packets: { ms: number; key: boolean }[];
}

/** What FFmpeg finds in a file, from the seek point for `fromMs` on. */
async function demux(bytes: Buffer, fromMs?: number): Promise<Demuxed> {
  const file = join(root, "view.webm");
  await writeFile(file, bytes);
  const input = new FormatContext();
  input.allocContext();
  FFmpegError.throwIfError(input.openInputSync(file, null, null), "open");
  const seconds = ({ num, den }: { num: number; den: number }) => num / den;
  if (fromMs !== undefined)
    FFmpegError.throwIfError(
      input.seekFrameSync(0, BigInt(fromMs), constants.AVSEEK_FLAG_BACKWARD),
    );
  const packet = new Packet();
  packet.alloc();
  const packets: Demuxed["packets"] = [];
  const scale = 1000 * seconds(input.streams[0]?.timeBase ?? { num: 1, den: 1000 });
  while (input.readFrameSync(packet) >= 0) {
    packets.push({ ms: Math.round(Number(packet.pts) * scale), key: packet.isKeyframe });
    packet.unref();
  }
  const durationMs = Number(input.duration) / 1000;
  packet.free();
  input.closeInputSync();
  return { durationMs, packets };
}

describe("the view of a track", () => {
  it("has a duration, and every packet of the file", async () => {
    const { packets, durationMs } = await demux(await bytesOf(await sound({ durationMs: 6000 })));
    expect(packets).toHaveLength(300);
    expect(packets.at(-1)?.ms).toBe(5980);
    expect(durationMs).toBe(6020);
  });

  it("has silence where sound is missing, inside a cluster and between two", async () => {
    const silences: [number, number][] = [
      [1000, 1300],
      [3000, 63_000],
    ];
    const { packets } = await demux(await bytesOf(await sound({ durationMs: 65_000, silences })));
    const gaps = packets
      .slice(1)
      .map(({ ms }, index) => ms - (packets[index]?.ms ?? 0))
      .filter((gap) => gap !== 20 && gap !== 120);
    expect(gaps).toEqual([]);
    expect(packets.at(-1)?.ms).toBe(64_980);
  });

  it("says where to seek to: a demuxer starts at the key frame before", async () => {
    const { packets } = await demux(await bytesOf(await pictures(30_000), false), 20_500);
    expect(packets[0]).toEqual({ ms: 20_000, key: true });
  });

  it("gives any range of itself", async () => {
    const path = await sound({ durationMs: 8000, silences: [[2000, 2600]] });
    const whole = await bytesOf(path);
    const found = await view(path);
    for (const [start, end] of [
      [0, 0],
      [10, 400],
      [300, 2000],
      [whole.length - 5, whole.length - 1],
    ] as const) {
      const part = await buffer(readView(found, { start, end }));
      expect(part.equals(whole.subarray(start, end + 1))).toBe(true);
    }
  });

  it("is the same with and without the index file, and with a damaged or a short one", async () => {
    const path = await sound({ durationMs: 30_000, silences: [[4000, 9000]] });
    const indexPath = join(dir, trackIndexName("track0001"));
    const index = await readFile(indexPath);
    const { digest } = await view(path);
    expect(index.length).toBeGreaterThan(5 * 16);
    await truncate(indexPath, 3 * 16 + 7);
    expect((await view(path)).digest).toBe(digest);
    await writeFile(indexPath, Buffer.alloc(64, 0xff));
    expect((await view(path)).digest).toBe(digest);
    const beforeTheBeginning = Buffer.from(index);
    beforeTheBeginning.writeUInt32BE(0xffff_ff00, 16 + 4);
    await writeFile(indexPath, beforeTheBeginning);
    expect((await view(path)).digest).toBe(digest);
    await rm(indexPath);
    expect((await view(path)).digest).toBe(digest);
  });

  it("ends before a time that no player could be told", async () => {
    const path = await sound({ durationMs: 12_000 });
    const full = await readFile(path);
    const at = full.lastIndexOf(clusterMark) + clusterMark.length;
    full.writeBigUInt64BE(2n ** 40n, at);
    await writeFile(path, full);
    await rm(join(dir, trackIndexName("track0001")));
    const { packets } = await demux(await bytesOf(path));
    expect(packets.length).toBeGreaterThan(0);
    expect(packets.length).toBeLessThan(600);
  });

  it("ends with the last whole frame of a file that was torn anywhere", async () => {
    const path = await sound({ durationMs: 12_000 });
    const full = await readFile(path);
    for (const cut of [1, 9, 15, 16, 17, 40]) {
      await writeFile(path, full.subarray(0, full.length - cut));
      const { packets } = await demux(await bytesOf(path));
      expect(packets).toHaveLength(600 - Math.ceil(cut / 16));
    }
  });

  it("is refused for what is no track", async () => {
    const path = await sound({ durationMs: 100 });
    await truncate(path, 40);
    await expect(view(path)).rejects.toBeInstanceOf(NotATrackError);
    await writeFile(path, Buffer.alloc(1000));
    await expect(view(path)).rejects.toBeInstanceOf(NotATrackError);
  });

  it("reads only the end of a long file whose index is whole", async () => {
    const path = await pictures(60_000);
    const bytes = await readFile(path);
    const firstCluster = bytes.indexOf(clusterMark);
    bytes.fill(0, firstCluster + 1000, bytes.length - 15_000);
    await writeFile(path, bytes);
    const indexPath = join(dir, trackIndexName("track0001"));
    const handle = await open(path, "r");
    const index = await indexTrack(handle, indexPath, { firstCluster, sound: false });
    await handle.close();
    expect(index.lastMs).toBe(59_900);
    expect(index.marks).toHaveLength(30);
  });
});

describe("Opus packets", () => {
  it.each([
    ["f8", 20],
    ["f9", 40],
    ["fb06", 120],
    ["18", 60],
    ["00", 10],
    ["e0", 2.5],
    ["68", 20],
  ])("%s lasts %d ms", (packetHex, ms) => {
    expect(opusDurationMs(Buffer.from(packetHex, "hex"))).toBe(ms);
  });

  it("of silence fill a time up to what is shorter than one", () => {
    const packets = silencePackets(275);
    const filled = packets.reduce((sum, { data }) => sum + opusDurationMs(data), 0);
    expect(filled).toBe(260);
    expect(packets.map(({ ms }) => ms)).toEqual([0, 120, 240]);
  });
});
