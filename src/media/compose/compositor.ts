import { rm } from "node:fs/promises";
import { canvasSize } from "../../core/picture/geometry.ts";
import { isMissing, NotACaptureError } from "../format/captureFolder.ts";
import { loadTimeline, type Timeline } from "../format/timeline.ts";
import { UnusableCaptureError } from "./failures.ts";
import { FfmpegSink } from "./ffmpegSink.ts";
import { Mp4Sink } from "./mp4Sink.ts";
import type { ComposeJob, ProbeFinding, SkippedTrack } from "./protocol.ts";
import { publish } from "./publish.ts";
import { type Rendering, renderPart, soundEnd } from "./render.ts";
import type { RenditionSink, SinkFormat } from "./renditionSink.ts";
import { SkippedTracks } from "./skippedTracks.ts";
import { frameCount } from "./slicePlan.ts";

export interface Composition {
  probe: ProbeFinding;
  /** Tracks that could not be used, with why. */
  skipped: SkippedTrack[];
}

/**
 * Composes one rendition: `<output>.part`, made durable, probed, then renamed to `output`. `onProgress` is called with
 * 0..1 between pieces of work of some ten ms. Throws UnusableCaptureError when there is nothing to compose.
 */
export async function composeRendition(
  job: ComposeJob,
  onProgress: (done: number) => void = () => undefined,
): Promise<Composition> {
  const timeline = await loadMedia(job.captureDir);
  const part = `${job.output}.part`;
  const skipped = new SkippedTracks();
  try {
    await render(job, timeline, { path: part, skipped, onProgress });
    const probe = await publish(part, job.output, timeline.durationMs);
    return { probe, skipped: skipped.tracks };
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

async function loadMedia(dir: string): Promise<Timeline> {
  const timeline = await loadTimeline(dir).catch((error: unknown) => {
    const absent = error instanceof NotACaptureError || isMissing(error);
    throw absent ? new UnusableCaptureError("capture_missing") : error;
  });
  if (timeline.participants.length === 0 || timeline.durationMs === 0)
    throw new UnusableCaptureError("no_media");
  return timeline;
}

async function render(
  job: ComposeJob,
  timeline: Timeline,
  { path, skipped, onProgress }: Rendering & { path: string },
): Promise<void> {
  const size = job.audioOnly ? undefined : canvasSize(job.quality);
  const sink = openSink(job, { path, threads: job.threads, ...(size ? { video: size } : {}) });
  const part = {
    ...{ fromFrame: 0, toFrame: frameCount(timeline.durationMs) },
    sound: { from: 0, to: soundEnd(timeline) },
  };
  await renderPart(job, timeline, part, { sink, skipped, onProgress });
}

function openSink({ composer, ffmpegPath }: ComposeJob, format: SinkFormat): RenditionSink {
  return composer === "ffmpeg" ? new FfmpegSink(format, ffmpegPath) : new Mp4Sink(format);
}
