import { canvasSize } from "../../../src/core/picture/geometry.ts";
import { frameCount, frameMs } from "../../../src/media/compose/slicePlan.ts";
import { loadTimeline } from "../../../src/media/format/timeline/timeline.ts";
import { SkippedTracks } from "../../../src/media/render/decode/skippedTracks.ts";
import { type Look, renderPart, soundEnd } from "../../../src/media/render/render.ts";
import type { Picture } from "../../../src/synth/picture/picture.ts";

export interface Rendered {
  /** Mono sum of both channels at 48 kHz; index 0 is time zero. */
  samples: Float32Array;
  durationMs: number;
}

/**
 * What a composed file shows and lets hear, before it is encoded: most of the time of composing is x264's. `onPicture` gets each picture
 * with its time in ms; its memory is used again for the next.
 */
export async function renderCapture(
  captureDir: string,
  look: Look,
  onPicture: (picture: Picture, ms: number) => void,
): Promise<Rendered> {
  const timeline = await loadTimeline(captureDir);
  const size = canvasSize(look.quality);
  const sound = { from: 0, to: soundEnd(timeline) };
  const samples = new Float32Array(sound.to);
  let frame = 0;
  let at = 0;
  const sink = {
    video(data: Buffer) {
      onPicture({ format: "i420", ...size, data }, frameMs(frame++));
    },
    audio(block: Float32Array) {
      const half = block.length / 2;
      for (let index = 0; index < half; index++)
        samples[at++] = ((block[index] ?? 0) + (block[half + index] ?? 0)) / 2;
    },
    finish() {},
    abort() {},
  };
  const part = { fromFrame: 0, toFrame: frameCount(timeline.durationMs), sound };
  const skipped = new SkippedTracks();
  await renderPart(look, timeline, part, { sink, skipped, onProgress: () => {} });
  return { samples, durationMs: timeline.durationMs };
}
