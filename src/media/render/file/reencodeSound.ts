import {
  Codec,
  CodecContext,
  constants,
  FFmpegError,
  FormatContext,
  Frame,
  Packet,
  type Stream,
} from "../decode/nodeAv.ts";
import { soundOf } from "../sound/decodedSound.ts";
import { audioEncoder, soundFrame } from "./encoders.ts";
import { Mp4Output } from "./mp4Output.ts";

/** What one AAC frame holds, samples. */
const blockSamples = 1_024;
const packetsPerTurn = 500;

/** Encodes the first sound of `source` as AAC at its own sample rate, into an M4A with its index in front. */
export async function reencodeSound(
  source: string,
  target: string,
  onProgress: (done: number) => void,
): Promise<void> {
  const reader = new SoundReader(source);
  const writer = new SoundWriter(target, reader.sampleRate);
  try {
    for (let packets = 1; reader.next((left, right) => writer.write(left, right)); packets++) {
      if (packets % packetsPerTurn !== 0) continue;
      onProgress(Math.min(0.99, writer.samples / reader.sampleRate / reader.seconds));
      await new Promise((resolve) => setImmediate(resolve));
    }
    onProgress(1);
    writer.finish();
  } finally {
    writer.close();
    reader.close();
  }
}

type SoundUse = (left: Float32Array, right: Float32Array) => void;

class SoundReader {
  readonly sampleRate: number;
  readonly seconds: number;
  #input = new FormatContext();
  #stream: Stream;
  #context = new CodecContext();
  #packet = new Packet();
  #frame = new Frame();

  constructor(path: string) {
    this.#packet.alloc();
    this.#frame.alloc();
    this.#input.allocContext();
    FFmpegError.throwIfError(this.#input.openInputSync(path, null, null), "open file");
    FFmpegError.throwIfError(this.#input.findStreamInfoSync(null), "read file");
    const stream = this.#input.streams.find(
      ({ codecpar }) => codecpar.codecType === constants.AVMEDIA_TYPE_AUDIO,
    );
    const codec = stream && Codec.findDecoder(stream.codecpar.codecId);
    if (!stream || !codec) throw new Error("no audio");
    this.#stream = stream;
    this.sampleRate = stream.codecpar.sampleRate;
    this.seconds = Number(this.#input.duration) / 1e6;
    this.#context.allocContext3(codec);
    FFmpegError.throwIfError(this.#context.parametersToContext(stream.codecpar), "set up decoder");
    FFmpegError.throwIfError(this.#context.open2Sync(codec, null), "open decoder");
  }

  /** Decodes the next packet; false after the last one. */
  next(use: SoundUse): boolean {
    const more = this.#input.readFrameSync(this.#packet) >= 0;
    const isSound = more && this.#packet.streamIndex === this.#stream.index;
    // Damaged packets are silent in players, too.
    if (isSound || !more) this.#context.sendPacketSync(more ? this.#packet : null);
    this.#packet.unref();
    while ((isSound || !more) && this.#context.receiveFrameSync(this.#frame) === 0) {
      const sound = soundOf(this.#frame);
      if (!sound) throw new Error(`sound of the format ${this.#frame.format} cannot be read`);
      use(sound.left, sound.right);
    }
    return more;
  }

  close(): void {
    this.#context.freeContext();
    this.#packet.free();
    this.#frame.free();
    this.#input.closeInputSync();
  }
}

class SoundWriter {
  samples = 0;
  #sampleRate: number;
  #encoder: CodecContext;
  #output: Mp4Output;
  #packet = new Packet();
  /** Left, then right. */
  #block = new Float32Array(2 * blockSamples);
  #filled = 0;

  constructor(path: string, sampleRate: number) {
    this.#packet.alloc();
    this.#sampleRate = sampleRate;
    this.#encoder = audioEncoder(sampleRate);
    this.#output = new Mp4Output(path, { video: undefined, audio: this.#encoder });
  }

  write(left: Float32Array, right: Float32Array): void {
    for (let at = 0; at < left.length; ) {
      const count = Math.min(left.length - at, blockSamples - this.#filled);
      this.#block.set(left.subarray(at, at + count), this.#filled);
      this.#block.set(right.subarray(at, at + count), blockSamples + this.#filled);
      this.#filled += count;
      at += count;
      if (this.#filled === blockSamples) this.#encodeBlock();
    }
  }

  finish(): void {
    if (this.#filled > 0) {
      this.#block.fill(0, this.#filled, blockSamples);
      this.#block.fill(0, blockSamples + this.#filled);
      this.#encodeBlock();
    }
    this.#encode(null);
    this.#output.finish();
  }

  close(): void {
    this.#output.close();
    this.#encoder.freeContext();
    this.#packet.free();
  }

  #encodeBlock(): void {
    const frame = soundFrame(this.#block, this.samples, this.#sampleRate);
    this.#encode(frame);
    frame.free();
    this.samples += blockSamples;
    this.#filled = 0;
  }

  #encode(frame: Frame | null): void {
    FFmpegError.throwIfError(this.#encoder.sendFrameSync(frame), "encode");
    while (this.#encoder.receivePacketSync(this.#packet) === 0) {
      this.#output.write("audio", this.#packet);
      this.#packet.unref();
    }
  }
}
