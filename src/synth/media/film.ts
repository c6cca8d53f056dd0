import { sampleRate } from "../../core/media.ts";
import { createPatternPainter } from "../picture/pattern.ts";
import { beepSample, isOn } from "./beep.ts";
import { Encoder } from "./encoder.ts";
import { constants, FFmpegError, FormatContext, Frame, type Packet, Rational } from "./libav.ts";

/** A film of one synthetic participant. */
export interface FilmSpec {
  seconds: number;
  /** Pixels; even. */
  width: number;
  height: number;
  fps: number;
  audioOnly: boolean;
}

type Context = Encoder["context"];
const participant = 0;
const samplesPerFrame = 1024;
const floatBytes = 4;
const mono = { nbChannels: 1, order: constants.AV_CHANNEL_ORDER_NATIVE, mask: 4n };

/** Writes an MP4 as recorders in a cloud make them: H.264 and AAC, its index behind. Blocks while it encodes. */
export function writeFilm(spec: FilmSpec, file: string): void {
  const output = new FormatContext();
  FFmpegError.throwIfError(output.allocOutputContext2(null, "mp4", file), "container");
  const video = spec.audioOnly ? undefined : new Track(output, openVideo(spec));
  const audio = new Track(output, openAudio());
  FFmpegError.throwIfError(output.openOutputSync(), "open output");
  FFmpegError.throwIfError(output.writeHeaderSync(null), "write header");
  for (let second = 0; second < spec.seconds; second++) {
    if (video) for (const frame of pictures(spec, second)) video.write(frame);
    for (const frame of sounds(second)) audio.write(frame);
  }
  for (const track of [video, audio]) track?.write(null);
  FFmpegError.throwIfError(output.writeTrailerSync(), "write index");
  for (const track of [video, audio]) track?.close();
  output.closeOutputSync();
  output.freeContext();
}

class Track {
  readonly #output: FormatContext;
  readonly #encoder: Encoder;
  readonly #stream;

  constructor(output: FormatContext, encoder: Encoder) {
    this.#output = output;
    this.#encoder = encoder;
    this.#stream = output.newStream(null);
    FFmpegError.throwIfError(this.#stream.codecpar.fromContext(encoder.context), "stream");
    this.#stream.timeBase = encoder.context.timeBase;
  }

  write(frame: Frame | null): void {
    this.#encoder.encodeTo(frame, (packet) => this.#mux(packet));
  }

  close(): void {
    this.#encoder.close();
  }

  #mux(packet: Packet): void {
    packet.streamIndex = this.#stream.index;
    packet.rescaleTs(this.#encoder.context.timeBase, this.#stream.timeBase);
    FFmpegError.throwIfError(this.#output.interleavedWriteFrameSync(packet), "write");
  }
}

function openVideo({ width, height, fps }: FilmSpec): Encoder {
  const configure = (context: Context) => {
    Object.assign(context, { width, height, gopSize: fps * 2, threadCount: 1 });
    context.pixelFormat = constants.AV_PIX_FMT_YUV420P;
    context.timeBase = new Rational(1, fps);
    context.framerate = new Rational(fps, 1);
    context.bitRate = 1_500_000n;
    context.flags = constants.AV_CODEC_FLAG_GLOBAL_HEADER;
  };
  return new Encoder("libx264", configure, { preset: "ultrafast" });
}

function openAudio(): Encoder {
  const configure = (context: Context) => {
    context.sampleRate = sampleRate;
    context.sampleFormat = constants.AV_SAMPLE_FMT_FLTP;
    context.channelLayout = mono;
    context.timeBase = new Rational(1, sampleRate);
    context.bitRate = 96_000n;
    context.flags = constants.AV_CODEC_FLAG_GLOBAL_HEADER;
  };
  return new Encoder("aac", configure, {});
}

function* pictures({ width, height, fps }: FilmSpec, second: number): Iterable<Frame> {
  const paint = createPatternPainter(participant, width, height);
  for (let counter = second * fps; counter < (second + 1) * fps; counter++) {
    const picture = paint({ counter, flash: isOn((counter * 1000) / fps) });
    const bytes = Buffer.from(picture.buffer, picture.byteOffset, picture.length);
    const format = constants.AV_PIX_FMT_YUV420P;
    const timeBase = { num: 1, den: fps };
    yield Frame.fromVideoBuffer(bytes, { width, height, format, timeBase, pts: BigInt(counter) });
  }
}

/** Those that begin in this second. */
function* sounds(second: number): Iterable<Frame> {
  const first = Math.ceil((second * sampleRate) / samplesPerFrame);
  for (let index = first; index * samplesPerFrame < (second + 1) * sampleRate; index++) {
    const from = index * samplesPerFrame;
    const samples = Float32Array.from({ length: samplesPerFrame }, (_, at) =>
      beepSample(participant, from + at),
    );
    yield Frame.fromAudioBuffer(Buffer.from(samples.buffer, 0, samplesPerFrame * floatBytes), {
      ...{ nbSamples: samplesPerFrame, format: constants.AV_SAMPLE_FMT_FLTP },
      ...{ sampleRate, channelLayout: mono, timeBase: { num: 1, den: sampleRate } },
      pts: BigInt(from),
    });
  }
}
