import { sampleRate } from "../../../core/media.ts";
import { framesPerSecond, type Size } from "../../../core/picture/geometry.ts";
import {
  Codec,
  CodecContext,
  constants,
  FFmpegError,
  Frame,
  Packet,
  Rational,
} from "../decode/nodeAv.ts";
import { encoding } from "./renditionSink.ts";

/** One encoded picture or stretch of sound; valid during the call only. Times are in the encoder's time base. */
export type PacketUse = (kind: "video" | "audio", packet: Packet) => void;

/** The two encoders of a rendition; what they make is handed over at once. */
export class Encoders {
  readonly video: CodecContext | undefined;
  readonly audio: CodecContext;
  #use: PacketUse;
  #packet = new Packet();
  #picture = new Frame();

  /** Without `size` there is sound only. `threads`: 0 = the encoder decides. */
  constructor(size: Size | undefined, threads: number, use: PacketUse) {
    this.#use = use;
    this.#packet.alloc();
    this.#picture.alloc();
    if (size) {
      this.video = videoEncoder(size, threads);
      prepare(this.#picture, size);
    }
    this.audio = audioEncoder(sampleRate);
  }

  /** Encodes a picture (I420) as number `index` of the file; its memory may be reused afterwards. */
  picture(data: Buffer, index: number): void {
    if (!this.video) return;
    // The encoder may still hold the last picture's memory.
    FFmpegError.throwIfError(this.#picture.makeWritable(), "picture");
    FFmpegError.throwIfError(this.#picture.fromBuffer(data), "picture");
    this.#picture.pts = BigInt(index);
    this.#picture.duration = 1n;
    this.#encode(this.video, this.#picture);
  }

  /** Encodes sound (left then right) that begins at sample `position` of the file. */
  sound(block: Float32Array, position: number): void {
    const frame = soundFrame(block, position, sampleRate);
    this.#encode(this.audio, frame);
    frame.free();
  }

  /** Hands over what the encoders still hold. */
  finish(): void {
    if (this.video) this.#encode(this.video, null);
    this.#encode(this.audio, null);
  }

  close(): void {
    this.video?.freeContext();
    this.audio.freeContext();
    this.#packet.free();
    this.#picture.free();
  }

  #encode(context: CodecContext, frame: Frame | null): void {
    FFmpegError.throwIfError(context.sendFrameSync(frame), "encode");
    const kind = context === this.video ? "video" : "audio";
    while (context.receivePacketSync(this.#packet) === 0) {
      // The duration of the last picture is the only one that matters: the others end where the next begins.
      if (this.#packet.duration === 0n && kind === "video") this.#packet.duration = 1n;
      this.#use(kind, this.#packet);
      this.#packet.unref();
    }
  }
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

/** Sound (left then right) that begins at sample `position`; to be freed. */
export function soundFrame(block: Float32Array, position: number, rate: number): Frame {
  return Frame.fromAudioBuffer(Buffer.from(block.buffer), {
    nbSamples: block.length / 2,
    format: constants.AV_SAMPLE_FMT_FLTP,
    sampleRate: rate,
    channelLayout: stereo,
    timeBase: { num: 1, den: rate },
    pts: BigInt(position),
  });
}

/** AAC in stereo; to be freed. */
export function audioEncoder(rate: number): CodecContext {
  return openEncoder("aac", {}, (context) => {
    context.sampleRate = rate;
    context.sampleFormat = constants.AV_SAMPLE_FMT_FLTP;
    context.channelLayout = stereo;
    context.bitRate = BigInt(encoding.audioBitRate);
    context.timeBase = new Rational(1, rate);
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
