import { isPictureTooLarge, maxPictureArea } from "../../../core/picture/pictureLimits.ts";
import {
  Codec,
  CodecContext,
  constants,
  FFmpegError,
  FormatContext,
  type Frame,
  Packet,
} from "./nodeAv.ts";

/** A file may hold at most this many damaged packets in a row before it counts as over. */
const maxDamagedInARow = 1000;

/** Decodes one track file front to back. Damaged packets and a torn end are stepped over. */
export class TrackDecoder {
  #input = new FormatContext();
  #codec = new CodecContext();
  #packet = new Packet();
  #msPerTick: number;
  #drained = false;
  #damaged = 0;

  /** `threads` are for decoding. @throws when the file is missing, its beginning unreadable or its pictures too large */
  constructor(path: string, threads: number) {
    this.#input.allocContext();
    FFmpegError.throwIfError(this.#input.openInputSync(path, null, null), "open track");
    const stream = this.#input.streams[0];
    const decoder = stream && Codec.findDecoder(stream.codecpar.codecId);
    if (!stream || !decoder) throw new Error("no decodable stream");
    const { width, height } = stream.codecpar;
    if (isPictureTooLarge({ width, height })) {
      this.#input.closeInputSync();
      throw new Error(`its pictures of ${width} × ${height} px are too large to be decoded`);
    }
    this.#codec.allocContext3(decoder);
    FFmpegError.throwIfError(this.#codec.parametersToContext(stream.codecpar), "set up decoder");
    this.#codec.threadCount = threads;
    this.#codec.pktTimebase = stream.timeBase;
    // What a header promises may change with any key picture: memory is never taken for a larger one.
    const limited = this.#codec.setOption("max_pixels", BigInt(maxPictureArea));
    FFmpegError.throwIfError(limited, "limit pictures");
    FFmpegError.throwIfError(this.#codec.open2Sync(decoder, null), "open decoder");
    this.#msPerTick = (1000 * stream.timeBase.num) / stream.timeBase.den;
    this.#packet.alloc();
  }

  /** Decodes the next frame into `frame`; false at the end of the track. */
  next(frame: Frame): boolean {
    for (;;) {
      const received = this.#codec.receiveFrameSync(frame);
      if (received === 0) {
        this.#damaged = 0;
        return true;
      }
      if (received === constants.AVERROR_EOF) return false;
      if (received !== constants.AVERROR_EAGAIN && ++this.#damaged > maxDamagedInARow) return false;
      if (!this.#feed()) return false;
    }
  }

  /** Media time of a decoded frame, ms. */
  mediaMs(frame: Frame): number {
    return Number(frame.bestEffortTimestamp) * this.#msPerTick;
  }

  close(): void {
    this.#packet.free();
    this.#codec.freeContext();
    this.#input.closeInputSync();
  }

  /** Sends the next packet, or at the end of the file the flush; false when there is nothing more to send. */
  #feed(): boolean {
    if (this.#drained) return false;
    if (this.#input.readFrameSync(this.#packet) < 0) {
      this.#drained = true;
      this.#codec.sendPacketSync(null);
      return true;
    }
    const sent = this.#codec.sendPacketSync(this.#packet);
    this.#packet.unref();
    return sent >= 0 || ++this.#damaged <= maxDamagedInARow;
  }
}
