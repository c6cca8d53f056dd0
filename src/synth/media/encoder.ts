import { Codec, CodecContext, constants, FFmpegError, type Frame, Packet } from "./libav.ts";

/** One encoder, driven synchronously. Use it in a process of its own: a fault in native code ends the process. */
export class Encoder {
  readonly #context = new CodecContext();
  readonly #packet = new Packet();

  /**
   * @param options FFmpeg's own option names and values
   * @throws FFmpegError when the codec is missing or refuses an option
   */
  constructor(
    name: "libvpx" | "libx264" | "libopus" | "aac",
    configure: (context: CodecContext) => void,
    options: Record<string, string | number>,
  ) {
    const codec = Codec.findEncoderByName(name as Parameters<typeof Codec.findEncoderByName>[0]);
    if (!codec) throw new Error(`this FFmpeg has no ${name}`);
    this.#context.allocContext3(codec);
    configure(this.#context);
    for (const [option, value] of Object.entries(options)) this.#set(option, String(value));
    // Options are set one by one: a dictionary given to open2 is freed twice.
    FFmpegError.throwIfError(this.#context.open2Sync(codec, null), `open ${name}`);
    this.#packet.alloc();
  }

  /** What a container has to know. */
  get context(): CodecContext {
    return this.#context;
  }

  /** Encodes one frame, or with null the rest; frees the frame. */
  encode(frame: Frame | null): { data: Buffer; key: boolean }[] {
    const packets: { data: Buffer; key: boolean }[] = [];
    this.encodeTo(frame, ({ data, isKeyframe }) => {
      if (data) packets.push({ data: Buffer.from(data), key: isKeyframe });
    });
    return packets;
  }

  /** As `encode`; `take` may use a packet only while it is called. */
  encodeTo(frame: Frame | null, take: (packet: Packet) => void): void {
    FFmpegError.throwIfError(this.#context.sendFrameSync(frame), "encode");
    frame?.free();
    while (this.#context.receivePacketSync(this.#packet) === 0) {
      take(this.#packet);
      this.#packet.unref();
    }
  }

  close(): void {
    this.#packet.free();
    this.#context.freeContext();
  }

  #set(option: string, value: string): void {
    const { AV_OPT_TYPE_STRING, AV_OPT_SEARCH_CHILDREN } = constants;
    const set = this.#context.setOption(option, value, AV_OPT_TYPE_STRING, AV_OPT_SEARCH_CHILDREN);
    FFmpegError.throwIfError(set, `set ${option}`);
  }
}
