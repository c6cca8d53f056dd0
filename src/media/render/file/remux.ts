import { constants, FFmpegError, FormatContext, Packet, type Stream } from "../decode/nodeAv.ts";

/** A turn of the event loop after so many packets: the parent hears of it, and we of the parent. */
const packetsPerTurn = 2_000;

/** Writes the first pictures and the first sound of `source` into an MP4 with its index in front; nothing is encoded again. */
export async function remux(
  source: string,
  target: string,
  onProgress: (done: number) => void,
): Promise<void> {
  const input = new FormatContext();
  const output = new FormatContext();
  const packet = new Packet();
  packet.alloc();
  input.allocContext();
  FFmpegError.throwIfError(input.openInputSync(source, null, null), "open file");
  try {
    FFmpegError.throwIfError(input.findStreamInfoSync(null), "read file");
    FFmpegError.throwIfError(output.allocOutputContext2(null, "mp4", target), "container");
    const copied = copiedStreams(input.streams, output);
    FFmpegError.throwIfError(output.openOutputSync(), "open output");
    FFmpegError.throwIfError(output.setOption("movflags", "+faststart"), "faststart");
    FFmpegError.throwIfError(output.writeHeaderSync(null), "write header");
    const lengthUs = Number(input.duration);
    for (let count = 1; input.readFrameSync(packet) >= 0; count++) {
      const streams = copied.get(packet.streamIndex);
      if (streams) {
        const { from, to } = streams;
        if (count % packetsPerTurn === 0) {
          const atUs = (Number(packet.dts) * from.timeBase.num * 1e6) / from.timeBase.den;
          onProgress(Math.min(0.99, Math.max(0, atUs / lengthUs)));
          await new Promise((resolve) => setImmediate(resolve));
        }
        packet.streamIndex = to.index;
        packet.rescaleTs(from.timeBase, to.timeBase);
        FFmpegError.throwIfError(output.interleavedWriteFrameSync(packet), "write");
      }
      packet.unref();
    }
    // Moving the index to the front takes its time.
    onProgress(1);
    FFmpegError.throwIfError(output.writeTrailerSync(), "write index");
  } finally {
    packet.free();
    output.closeOutputSync();
    output.freeContext();
    input.closeInputSync();
  }
}

/** By the index of the stream it is read from. */
function copiedStreams(
  streams: Stream[],
  output: FormatContext,
): Map<number, { from: Stream; to: Stream }> {
  const copied = new Map<number, { from: Stream; to: Stream }>();
  for (const type of [constants.AVMEDIA_TYPE_VIDEO, constants.AVMEDIA_TYPE_AUDIO]) {
    const from = streams.find(({ codecpar }) => codecpar.codecType === type);
    if (!from) continue;
    const to = output.newStream(null);
    FFmpegError.throwIfError(from.codecpar.copy(to.codecpar), "stream");
    // Each container has its own.
    to.codecpar.codecTag = 0;
    to.timeBase = from.timeBase;
    copied.set(from.index, { from, to });
  }
  return copied;
}
