import type { Size } from "../../../core/picture/geometry.ts";
import { Packet } from "../decode/nodeAv.ts";
import { Encoders } from "./encoders.ts";
import { Mp4Output } from "./mp4Output.ts";
import { readSlice, type SliceHead, type SlicePacket } from "./sliceFile.ts";

/**
 * Joins slices, in order and without a hole, into an MP4 with its index in front; nothing is encoded again.
 * @throws when a slice is missing or damaged, does not follow the one before or was encoded otherwise
 */
export async function joinSlices(
  slices: readonly string[],
  path: string,
  size: Size | undefined,
  onProgress: (done: number) => void,
): Promise<void> {
  // They encode nothing: they say what the packets are of.
  const encoders = new Encoders(size, 1, () => undefined);
  const output = new Mp4Output(path, encoders);
  const packet = new Packet();
  packet.alloc();
  try {
    let at = 0;
    for (const [index, file] of slices.entries()) {
      const { head, packets } = readSlice(file);
      check(head, at, encoders, file);
      at = head.toFrame;
      for (const one of packets) {
        fill(packet, one);
        output.write(one.kind, packet);
        packet.unref();
      }
      // One slice is some ten ms: the parent hears of it, and we of the parent.
      onProgress((index + 1) / slices.length);
      await new Promise((resolve) => setImmediate(resolve));
    }
    output.finish();
  } finally {
    packet.free();
    output.close();
    encoders.close();
  }
}

function check(head: SliceHead, at: number, { video, audio }: Encoders, file: string): void {
  const config = (bytes: Buffer | null | undefined) => bytes?.toString("hex") ?? "";
  if (head.fromFrame !== at) throw new Error(`a slice is missing before ${file}`);
  const sameVideo = head.videoConfig === config(video?.extraData);
  if (!sameVideo || head.audioConfig !== config(audio.extraData))
    throw new Error(`encoded by other means: ${file}`);
}

function fill(packet: Packet, { key, pts, dts, duration, data }: SlicePacket): void {
  packet.data = data;
  packet.pts = BigInt(pts);
  packet.dts = BigInt(dts);
  packet.duration = BigInt(duration);
  packet.isKeyframe = key;
}
