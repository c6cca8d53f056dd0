import type { RecordingQuality } from "../recording.ts";

/** Sizes and positions are px; whatever is drawn has even ones, because chroma has half the resolution. */
export interface Size {
  width: number;
  height: number;
}

export interface Rect extends Size {
  x: number;
  y: number;
}

export const framesPerSecond = 30;

const canvasSizes: Record<RecordingQuality, Size> = {
  "360p": { width: 640, height: 360 },
  "720p": { width: 1280, height: 720 },
  "1080p": { width: 1920, height: 1080 },
};

export function canvasSize(quality: RecordingQuality): Size {
  return canvasSizes[quality];
}

/** The largest even number that is not larger, at least 2. */
export function even(value: number): number {
  return Math.max(2, Math.floor(value / 2) * 2);
}

/** Like `even` for a position: zero is fine. */
export function evenPosition(value: number): number {
  return Math.floor(value / 2) * 2;
}

/** The largest 16:9 rectangle that fits, even. */
export function widescreen(bounds: Size): Size {
  const width = even(Math.min(bounds.width, (bounds.height * 16) / 9));
  return { width, height: even((width * 9) / 16) };
}

/** Where a picture goes inside a rectangle: whole, centred, its shape kept. */
export function fitInto(picture: Size, rect: Rect): Rect {
  const scale = Math.min(rect.width / picture.width, rect.height / picture.height);
  const width = Math.min(rect.width, even(picture.width * scale + 0.5));
  const height = Math.min(rect.height, even(picture.height * scale + 0.5));
  return {
    x: rect.x + evenPosition((rect.width - width) / 2),
    y: rect.y + evenPosition((rect.height - height) / 2),
    width,
    height,
  };
}
