import {
  Codec,
  CodecContext,
  constants,
  FFmpegError,
  FormatContext,
  Frame,
  Packet,
  SoftwareResampleContext,
  type Stream,
} from "../render/decode/nodeAv.ts";
import { soundOf } from "../render/sound/decodedSound.ts";
import { speechRate } from "../transcribe/port.ts";

/** A piece of a file's sound, mono at 16 kHz. */
export interface SoundPiece {
  /** Media time of its first sample, ms. */
  ms: number;
  samples: Float32Array;
}

/** Reads the sound of a finished file, of whatever format, front to back. */
export class SoundFile {
  #input = new FormatContext();
  #codec = new CodecContext();
  #packet = new Packet();
  #frame = new Frame();
  #resampled = new Frame();
  #resampler = new SoftwareResampleContext();
  #stream: Stream;
  #msPerTick: number;
  #isDrained = false;

  /** What comes before `fromMs`, media time, is left out. @throws when the file cannot be opened or has no sound */
  constructor(path: string, fromMs: number) {
    for (const one of [this.#packet, this.#frame, this.#resampled]) one.alloc();
    this.#input.allocContext();
    FFmpegError.throwIfError(this.#input.openInputSync(path, null, null), "open file");
    this.#stream = this.#openSound();
    const { num, den } = this.#stream.timeBase;
    this.#msPerTick = (1000 * num) / den;
    this.#resampler.alloc();
    this.#skipTo(fromMs);
  }

  /** The next piece; undefined at the end. Damaged packets are stepped over. */
  next(): SoundPiece | undefined {
    for (;;) {
      if (this.#codec.receiveFrameSync(this.#frame) === 0) {
        const piece = this.#resample();
        if (piece) return piece;
      } else if (this.#isDrained) return undefined;
      else this.#feed();
    }
  }

  close(): void {
    this.#resampler.free();
    for (const one of [this.#packet, this.#frame, this.#resampled]) one.free();
    this.#codec.freeContext();
    this.#input.closeInputSync();
  }

  #openSound(): Stream {
    FFmpegError.throwIfError(this.#input.findStreamInfoSync(null), "read file");
    const stream = this.#input.streams.find(
      ({ codecpar }) => codecpar.codecType === constants.AVMEDIA_TYPE_AUDIO,
    );
    const decoder = stream && Codec.findDecoder(stream.codecpar.codecId);
    if (!stream || !decoder) throw new Error("the file has no sound");
    for (const other of this.#input.streams)
      if (other.index !== stream.index) other.discard = constants.AVDISCARD_ALL;
    this.#codec.allocContext3(decoder);
    FFmpegError.throwIfError(this.#codec.parametersToContext(stream.codecpar), "set up decoder");
    this.#codec.pktTimebase = stream.timeBase;
    FFmpegError.throwIfError(this.#codec.open2Sync(decoder, null), "open decoder");
    return stream;
  }

  /** Passes over packets: pictures are not read, so that is quick. */
  #skipTo(fromMs: number): void {
    while (fromMs > 0 && this.#read()) {
      if (Number(this.#packet.pts) * this.#msPerTick >= fromMs) {
        this.#send();
        return;
      }
      this.#packet.unref();
    }
  }

  #feed(): void {
    if (this.#read()) this.#send();
    else {
      this.#isDrained = true;
      this.#codec.sendPacketSync(null);
    }
  }

  /** Reads the next packet of the sound; false at the end. */
  #read(): boolean {
    while (this.#input.readFrameSync(this.#packet) >= 0) {
      if (this.#packet.streamIndex === this.#stream.index) return true;
      this.#packet.unref();
    }
    return false;
  }

  #send(): void {
    this.#codec.sendPacketSync(this.#packet);
    this.#packet.unref();
  }

  #resample(): SoundPiece | undefined {
    const ms = Number(this.#frame.bestEffortTimestamp) * this.#msPerTick;
    this.#resampled.unref();
    this.#resampled.format = constants.AV_SAMPLE_FMT_FLTP;
    this.#resampled.sampleRate = speechRate;
    this.#resampled.channelLayout = constants.AV_CHANNEL_LAYOUT_MONO;
    const converted = this.#resampler.convertFrame(this.#resampled, this.#frame);
    FFmpegError.throwIfError(converted, "resample");
    const sound = soundOf(this.#resampled);
    return sound && { ms, samples: sound.left.slice() };
  }
}
