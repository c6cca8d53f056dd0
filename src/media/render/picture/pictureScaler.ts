import type { Rect, Size } from "../../../core/picture/geometry.ts";
import { constants, FFmpegError, Frame, SoftwareScaleContext } from "../decode/nodeAv.ts";
import type { Canvas } from "./canvas.ts";

interface Scaled {
  context: SoftwareScaleContext;
  frame: Frame;
  /** Rows of the scaled frame and the canvas rows they go to, made once: creating views per row costs more than copying. */
  copies: { from: Buffer; to: Buffer }[];
}

/** Scalers of past layouts and resolutions are dropped beyond this. */
const maxKept = 64;

/**
 * Scales decoded pictures into rectangles of a canvas. Each goes through a native frame of its own with padded rows,
 * because the scaler's SIMD writes beyond the picture's width.
 */
export class PictureScaler {
  #canvas: Canvas;
  #kept = new Map<string, Scaled>();

  constructor(canvas: Canvas) {
    this.#canvas = canvas;
  }

  /** Fills `rect` with the picture; its range (full, limited) and matrix are converted to the canvas's. */
  draw(picture: Frame, rect: Rect): void {
    const key = [
      picture.width,
      picture.height,
      picture.format,
      rect.x,
      rect.y,
      rect.width,
      rect.height,
    ].join();
    const scaled = this.#kept.get(key) ?? this.#create(key, rect);
    FFmpegError.throwIfError(scaled.context.scaleFrameSync(scaled.frame, picture), "scale");
    for (const { from, to } of scaled.copies) to.set(from);
  }

  close(): void {
    for (const { context, frame } of this.#kept.values()) {
      frame.free();
      context.freeContext();
    }
    this.#kept.clear();
  }

  #create(key: string, rect: Rect): Scaled {
    if (this.#kept.size >= maxKept) this.close();
    const context = new SoftwareScaleContext();
    context.allocContext();
    FFmpegError.throwIfError(context.setOption("sws_flags", "bilinear"), "scaler flags");
    const frame = paddedFrame(rect);
    const made = { context, frame, copies: this.#rowCopies(frame, rect) };
    this.#kept.set(key, made);
    return made;
  }

  #rowCopies(frame: Frame, rect: Rect): { from: Buffer; to: Buffer }[] {
    return (frame.data ?? []).flatMap((plane, index) => {
      const stride = frame.linesize[index] ?? 0;
      const width = index === 0 ? rect.width : rect.width / 2;
      return this.#canvas.rows(index, rect).map((to, row) => ({
        from: plane.subarray(row * stride, row * stride + width),
        to,
      }));
    });
  }
}

function paddedFrame({ width, height }: Size): Frame {
  const frame = new Frame();
  frame.alloc();
  frame.width = width;
  frame.height = height;
  frame.format = constants.AV_PIX_FMT_YUV420P;
  FFmpegError.throwIfError(frame.getBuffer(64), "scaled frame");
  frame.colorRange = constants.AVCOL_RANGE_MPEG;
  frame.colorSpace = constants.AVCOL_SPC_SMPTE170M;
  return frame;
}
