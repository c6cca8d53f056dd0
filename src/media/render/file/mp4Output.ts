import {
  type CodecContext,
  FFmpegError,
  FormatContext,
  type Packet,
  type Rational,
  type Stream,
} from "../decode/nodeAv.ts";
import type { Encoders } from "./encoders.ts";

interface Track {
  stream: Stream;
  /** Of the packets that come. */
  timeBase: Rational;
}

/** An MP4 with its index in front, written from encoded packets. */
export class Mp4Output {
  #output = new FormatContext();
  #tracks: { video?: Track; audio: Track };

  /** The encoders say what the packets are of. */
  constructor(path: string, { video, audio }: Pick<Encoders, "video" | "audio">) {
    // "ipod" is FFmpeg's name for MP4 with the brand M4A.
    const container = video ? "mp4" : "ipod";
    FFmpegError.throwIfError(this.#output.allocOutputContext2(null, container, path), "container");
    const pictures = video && this.#track(video);
    this.#tracks = { ...(pictures ? { video: pictures } : {}), audio: this.#track(audio) };
    FFmpegError.throwIfError(this.#output.openOutputSync(), "open output");
    FFmpegError.throwIfError(this.#output.setOption("movflags", "+faststart"), "faststart");
    FFmpegError.throwIfError(this.#output.writeHeaderSync(null), "write header");
  }

  /** Takes the packet's content over. */
  write(kind: "video" | "audio", packet: Packet): void {
    const track = this.#tracks[kind];
    if (!track) return;
    packet.streamIndex = track.stream.index;
    packet.rescaleTs(track.timeBase, track.stream.timeBase);
    FFmpegError.throwIfError(this.#output.interleavedWriteFrameSync(packet), "write");
  }

  /** Writes the index; afterwards the file is complete, though not yet durable. */
  finish(): void {
    FFmpegError.throwIfError(this.#output.writeTrailerSync(), "write index");
  }

  close(): void {
    this.#output.closeOutputSync();
    this.#output.freeContext();
  }

  #track(context: CodecContext): Track {
    const stream = this.#output.newStream(null);
    FFmpegError.throwIfError(stream.codecpar.fromContext(context), "stream");
    stream.timeBase = context.timeBase;
    return { stream, timeBase: context.timeBase };
  }
}
