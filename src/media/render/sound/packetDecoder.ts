import {
  Codec,
  CodecContext,
  FFmpegError,
  FormatContext,
  Frame,
  Packet,
} from "../decode/nodeAv.ts";
import { type Sound, soundOf } from "./decodedSound.ts";

/** Decodes packets of one track's sound that are handed to it, from wherever they come. */
export class PacketDecoder {
  #input = new FormatContext();
  #context: CodecContext | undefined;
  #packet = new Packet();
  #frame = new Frame();

  /** `path` is a file of the track. @throws when it is missing or its beginning unreadable */
  constructor(path: string) {
    this.#input.allocContext();
    FFmpegError.throwIfError(this.#input.openInputSync(path, null, null), "open track");
    this.#packet.alloc();
    this.#frame.alloc();
  }

  /** Forgets what was decoded, as if the next packet were the first. */
  restart(): void {
    this.#context?.freeContext();
    const stream = this.#input.streams[0];
    const codec = stream && Codec.findDecoder(stream.codecpar.codecId);
    if (!stream || !codec) throw new Error("no decodable stream");
    const context = new CodecContext();
    context.allocContext3(codec);
    FFmpegError.throwIfError(context.parametersToContext(stream.codecpar), "set up decoder");
    FFmpegError.throwIfError(context.open2Sync(codec, null), "open decoder");
    this.#context = context;
  }

  /** What a packet decodes to; nothing when it is damaged. Valid until the next call. */
  decode(data: Buffer): Sound | undefined {
    this.#packet.data = data;
    this.#context?.sendPacketSync(this.#packet);
    this.#packet.unref();
    return this.#context?.receiveFrameSync(this.#frame) === 0 ? soundOf(this.#frame) : undefined;
  }

  close(): void {
    this.#context?.freeContext();
    this.#packet.free();
    this.#frame.free();
    this.#input.closeInputSync();
  }
}
