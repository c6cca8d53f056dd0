import { rm } from "node:fs/promises";
import { isMissing } from "../../core/errorCode.ts";
import { canvasSize } from "../../core/picture/geometry.ts";
import type { ComposeJob, ProbeFinding, SkippedTrack } from "../compose/protocol.ts";
import { frameCount } from "../compose/slicePlan.ts";
import { NotACaptureError } from "../format/log/captureFolder.ts";
import { loadTimeline, type Timeline } from "../format/timeline/timeline.ts";
import { UnusableCaptureError } from "./decode/failures.ts";
import { SkippedTracks } from "./decode/skippedTracks.ts";
import { FfmpegSink } from "./file/ffmpegSink.ts";
import { Mp4Sink } from "./file/mp4Sink.ts";
import { publish } from "./file/publish.ts";
import type { RenditionSink, SinkFormat } from "./file/renditionSink.ts";
import { type Rendering, renderPart, soundEnd } from "./render.ts";

export interface Composition {
  probe: ProbeFinding;
  /** Tracks that could not be used, with why. */
  skipped: SkippedTrack[];
}

/**
 * Composes one rendition: `<output>.part`, made durable, probed, then renamed to `output`. `onProgress` is called with
 * 0..1 between pieces of work of some ten ms.
 * @throws UnusableCaptureError when there is nothing to compose
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
