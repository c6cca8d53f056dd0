import { constants, Frame, Rational } from "../../../src/media/render/decode/nodeAv.ts";
import { Encoder } from "../../../src/synth/media/encoder.ts";
import type { VideoCodec } from "../../../src/synth/media/mediaLoop.ts";
import { createPatternPainter } from "../../../src/synth/picture/pattern.ts";
import { beepEveryMs, beepLengthMs } from "./content.ts";

/** Pictures a second. */
export const cameraFps = 15;
const kbps = 250;

/** When a picture is captured; its number is the counter that it shows. */
export const pictureMs = (counter: number) => (counter * 1000) / cameraFps;

/** A camera with its encoder: each picture shows its number, and a flash while the beep sounds. */
export class Camera {
  #participant: number;
  #codec: VideoCodec;
  #open:
    | { size: string; paint: ReturnType<typeof createPatternPainter>; encoder: Encoder }
    | undefined;

  constructor(participant: number, codec: VideoCodec) {
    this.#participant = participant;
    this.#codec = codec;
  }

  /** The encoded picture; it is a key frame when that is wanted, or when the size changed. */
  capture(
    counter: number,
    { width, height, key }: { width: number; height: number; key: boolean },
  ): { data: Buffer; key: boolean } {
    const { paint, encoder } = this.#opened(width, height);
    const flash = pictureMs(counter) % beepEveryMs < beepLengthMs;
    const frame = Frame.fromVideoBuffer(Buffer.from(paint({ counter, flash })), {
      ...{ width, height, format: constants.AV_PIX_FMT_YUV420P },
      ...{ timeBase: { num: 1, den: cameraFps }, pts: BigInt(counter) },
    });
    frame.pictType = key ? constants.AV_PICTURE_TYPE_I : constants.AV_PICTURE_TYPE_NONE;
    const [encoded] = encoder.encode(frame);
    if (!encoded) throw new Error("the encoder keeps a picture back");
    return encoded;
  }

  close(): void {
    this.#open?.encoder.close();
    this.#open = undefined;
  }

  #opened(width: number, height: number) {
    const size = `${width}x${height}`;
    if (this.#open?.size === size) return this.#open;
    this.close();
    const paint = createPatternPainter(this.#participant, width, height);
    this.#open = { size, paint, encoder: openEncoder(this.#codec, width, height) };
    return this.#open;
  }
}

/** Both without look-ahead, so that one picture in is one out; key frames only when wanted. */
const options = {
  VP8: { deadline: "realtime", "cpu-used": -8, "lag-in-frames": 0, "auto-alt-ref": 0 },
  H264: {
    ...{ preset: "ultrafast", tune: "zerolatency", profile: "baseline" },
    ...{ sc_threshold: 0, "forced-idr": 1 },
  },
};
const endless = 100_000;

function openEncoder(codec: VideoCodec, width: number, height: number): Encoder {
  return new Encoder(
    codec === "VP8" ? "libvpx" : "libx264",
    (context) => {
      Object.assign(context, { width, height, gopSize: endless, threadCount: 1 });
      context.pixelFormat = constants.AV_PIX_FMT_YUV420P;
      context.timeBase = new Rational(1, cameraFps);
      context.framerate = new Rational(cameraFps, 1);
      context.bitRate = BigInt(kbps * 1000);
      context.colorRange = constants.AVCOL_RANGE_MPEG;
    },
    options[codec],
  );
}
