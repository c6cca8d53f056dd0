import { Encoders } from "./encoders.ts";
import { Mp4Output } from "./mp4Output.ts";
import type { RenditionSink, SinkFormat } from "./renditionSink.ts";

/** Encodes and muxes in this process. */
export class Mp4Sink implements RenditionSink {
  #encoders: Encoders;
  #output: Mp4Output;
  #pictures = 0;
  #samples = 0;

  constructor({ path, video, threads }: SinkFormat) {
    this.#encoders = new Encoders(video, threads, (kind, packet) =>
      this.#output.write(kind, packet),
    );
    this.#output = new Mp4Output(path, this.#encoders);
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
    this.#output.finish();
    this.abort();
  }

  abort(): void {
    this.#output.close();
    this.#encoders.close();
  }
}
