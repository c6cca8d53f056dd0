import { sampleRate } from "./audioTrack.ts";
import { framesPerSecond, type Size } from "./geometry.ts";
import {
  Codec,
  CodecContext,
  constants,
  FFmpegError,
  FormatContext,
  Frame,
  Packet,
  Rational,
  type Stream,
} from "./nodeAv.ts";
import { encoding, type RenditionSink, type SinkFormat } from "./renditionSink.ts";

/** Encodes and muxes in this process. */
export class Mp4Sink implements RenditionSink {
  #output = new FormatContext();
  #packet = new Packet();
  #picture = new Frame();
  #video: Encoder | undefined;
  #audio: Encoder;
  #pictures = 0n;
  #samples = 0n;

  constructor({ path, video, threads }: SinkFormat) {
    // "ipod" is FFmpeg's name for MP4 with the brand M4A.
    const container = video ? "mp4" : "ipod";
    FFmpegError.throwIfError(this.#output.allocOutputContext2(null, container, path), "container");
    this.#packet.alloc();
    this.#picture.alloc();
    if (video) {
      this.#video = this.#addStream(videoEncoder(video, threads));
      prepare(this.#picture, video);
    }
    this.#audio = this.#addStream(audioEncoder());
    FFmpegError.throwIfError(this.#output.openOutputSync(), "open output");
    FFmpegError.throwIfError(this.#output.setOption("movflags", "+faststart"), "faststart");
    FFmpegError.throwIfError(this.#output.writeHeaderSync(null), "write header");
  }

  video(picture: Buffer): void {
    if (!this.#video) return;
    // The encoder may still hold the last picture's memory.
    FFmpegError.throwIfError(this.#picture.makeWritable(), "picture");
    FFmpegError.throwIfError(this.#picture.fromBuffer(picture), "picture");
    this.#picture.pts = this.#pictures++;
    this.#picture.duration = 1n;
    this.#encode(this.#video, this.#picture);
  }

  audio(block: Float32Array): void {
    const nbSamples = block.length / 2;
    const frame = Frame.fromAudioBuffer(Buffer.from(block.buffer), {
      nbSamples,
      format: constants.AV_SAMPLE_FMT_FLTP,
      sampleRate,
      channelLayout: stereo,
      timeBase: { num: 1, den: sampleRate },
      pts: this.#samples,
    });
    this.#samples += BigInt(nbSamples);
    this.#encode(this.#audio, frame);
    frame.free();
  }

  finish(): void {
    if (this.#video) this.#encode(this.#video, null);
    this.#encode(this.#audio, null);
    FFmpegError.throwIfError(this.#output.writeTrailerSync(), "write index");
    this.abort();
  }

  abort(): void {
    this.#output.closeOutputSync();
    this.#video?.context.freeContext();
    this.#audio.context.freeContext();
    this.#packet.free();
    this.#picture.free();
    this.#output.freeContext();
  }

  #addStream(context: CodecContext): Encoder {
    const stream = this.#output.newStream(null);
    FFmpegError.throwIfError(stream.codecpar.fromContext(context), "stream");
    stream.timeBase = context.timeBase;
    return { context, stream };
  }

  #encode({ context, stream }: Encoder, frame: Frame | null): void {
    FFmpegError.throwIfError(context.sendFrameSync(frame), "encode");
    while (context.receivePacketSync(this.#packet) === 0) {
      // The duration of the last picture is the only one that matters: the others end where the next begins.
      if (this.#packet.duration === 0n && context === this.#video?.context)
        this.#packet.duration = 1n;
      this.#packet.streamIndex = stream.index;
      this.#packet.rescaleTs(context.timeBase, stream.timeBase);
      FFmpegError.throwIfError(this.#output.interleavedWriteFrameSync(this.#packet), "write");
    }
  }
}

interface Encoder {
  context: CodecContext;
  stream: Stream;
}

const stereo = { nbChannels: 2, order: constants.AV_CHANNEL_ORDER_NATIVE, mask: 3n };

function videoEncoder({ width, height }: Size, threads: number): CodecContext {
  return openEncoder(
    "libx264",
    { preset: encoding.preset, crf: encoding.crf, profile: "high" },
    (context) => {
      context.width = width;
      context.height = height;
      context.pixelFormat = constants.AV_PIX_FMT_YUV420P;
      context.timeBase = new Rational(1, framesPerSecond);
      context.framerate = new Rational(framesPerSecond, 1);
      context.gopSize = framesPerSecond * encoding.keyframeSeconds;
      context.threadCount = threads;
      context.colorRange = constants.AVCOL_RANGE_MPEG;
      context.colorSpace = constants.AVCOL_SPC_SMPTE170M;
      context.colorPrimaries = constants.AVCOL_PRI_BT709;
      context.colorTrc = constants.AVCOL_TRC_BT709;
    },
  );
}

function audioEncoder(): CodecContext {
  return openEncoder("aac", {}, (context) => {
    context.sampleRate = sampleRate;
    context.sampleFormat = constants.AV_SAMPLE_FMT_FLTP;
    context.channelLayout = stereo;
    context.bitRate = BigInt(encoding.audioBitRate);
    context.timeBase = new Rational(1, sampleRate);
  });
}

function openEncoder(
  name: "libx264" | "aac",
  options: Record<string, string | number>,
  configure: (context: CodecContext) => void,
): CodecContext {
  const codec = Codec.findEncoderByName(name as Parameters<typeof Codec.findEncoderByName>[0]);
  if (!codec) throw new Error(`this FFmpeg has no ${name}`);
  const context = new CodecContext();
  context.allocContext3(codec);
  configure(context);
  context.setFlags(constants.AV_CODEC_FLAG_GLOBAL_HEADER);
  for (const [option, value] of Object.entries(options))
    FFmpegError.throwIfError(context.setOption(option, String(value)), `${name}: ${option}`);
  FFmpegError.throwIfError(context.open2Sync(codec, null), `open ${name}`);
  return context;
}

function prepare(picture: Frame, { width, height }: Size): void {
  picture.width = width;
  picture.height = height;
  picture.format = constants.AV_PIX_FMT_YUV420P;
  FFmpegError.throwIfError(picture.getBuffer(64), "picture");
}
