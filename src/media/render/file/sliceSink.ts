import type { Size } from "../../../core/picture/geometry.ts";
import { frameSample, type Slice } from "../../compose/slicePlan.ts";
import { constants, type Packet } from "../decode/nodeAv.ts";
import { Encoders } from "./encoders.ts";
import type { RenditionSink } from "./renditionSink.ts";
import { SliceWriter } from "./sliceFile.ts";

export interface SliceFormat {
  path: string;
  /** Absent when there is sound only. */
  video: Size | undefined;
  threads: number;
  slice: Slice;
  /** Sample at which the sound that comes begins: before the slice, so that the encoder is in the middle of it. */
  soundFrom: number;
}

/** Encodes one slice and keeps the packets that belong to it. */
export class SliceSink implements RenditionSink {
  #encoders: Encoders;
  #writer: SliceWriter;
  #slice: Slice;
  #pictures: number;
  #samples: number;

  constructor({ path, video, threads, slice, soundFrom }: SliceFormat) {
    this.#slice = slice;
    this.#pictures = slice.fromFrame;
    this.#samples = soundFrom;
    this.#encoders = new Encoders(video, threads, (kind, packet) => this.#keep(kind, packet));
    const config = (bytes: Buffer | null | undefined) => bytes?.toString("hex") ?? "";
    this.#writer = new SliceWriter(path, {
      ...{ fromFrame: slice.fromFrame, toFrame: slice.toFrame },
      videoConfig: config(this.#encoders.video?.extraData),
      audioConfig: config(this.#encoders.audio.extraData),
    });
  }

  video(picture: Buffer): void {
    this.#encoders.picture(picture, this.#pictures++);
  }

  audio(block: Float32Array): void {
    this.#encoders.sound(block, this.#samples);
    this.#samples += block.length / 2;
  }

  finish(): void {
    this.#encoders.finish();
    this.#writer.finish();
    this.abort();
  }

  abort(): void {
    this.#writer.close();
    this.#encoders.close();
  }

  #keep(kind: "video" | "audio", packet: Packet): void {
    if (kind === "audio" && !this.#isOurs(Number(packet.pts))) return;
    this.#writer.packet({
      kind,
      key: (packet.flags & constants.AV_PKT_FLAG_KEY) !== 0,
      pts: Number(packet.pts),
      dts: Number(packet.dts),
      duration: Number(packet.duration),
      data: packet.data ?? Buffer.alloc(0),
    });
  }

  /** The first slice also has what primes the decoder, the last what is left. */
  #isOurs(sample: number): boolean {
    const { fromFrame, toFrame, last } = this.#slice;
    const begun = fromFrame === 0 || sample >= frameSample(fromFrame);
    return begun && (last || sample < frameSample(toFrame));
  }
}
