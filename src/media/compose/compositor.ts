import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { NotACaptureError, syncFolder } from "../format/captureFolder.ts";
import { loadTimeline, type Timeline } from "../format/timeline.ts";
import { AudioMixer } from "./audioMixer.ts";
import { sampleRate } from "./audioTrack.ts";
import { Canvas } from "./canvas.ts";
import { UnusableCaptureError } from "./failures.ts";
import { FfmpegSink } from "./ffmpegSink.ts";
import { canvasSize, framesPerSecond } from "./geometry.ts";
import { Mp4Sink } from "./mp4Sink.ts";
import { NameTags } from "./nameTag.ts";
import { PicturePainter } from "./picturePainter.ts";
import { probeFile } from "./probe.ts";
import type { ComposeJob, ProbeFinding } from "./protocol.ts";
import type { RenditionSink, SinkFormat } from "./renditionSink.ts";
import { SceneWalk, scenesOf } from "./scenes.ts";
import { SkippedTracks } from "./skippedTracks.ts";
import { shippedFont, TextPainter } from "./textPainter.ts";
import { VideoFeed } from "./videoFeed.ts";

export interface Composition {
  probe: ProbeFinding;
  /** Tracks that could not be used, with why. */
  skipped: string[];
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
    await makeDurable(part);
    const expected = { durationMs: timeline.durationMs, video: !job.audioOnly };
    const probe = await probeFile(part, expected);
    if (probe.problems.length > 0) throw new Error(`bad result: ${probe.problems.join("; ")}`);
    await rename(part, job.output);
    await syncFolder(dirname(job.output));
    return { probe, skipped: skipped.reasons };
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

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

interface Rendering {
  path: string;
  skipped: SkippedTracks;
  onProgress: (done: number) => void;
}

async function render(job: ComposeJob, timeline: Timeline, rendering: Rendering): Promise<void> {
  const { path, skipped } = rendering;
  const size = job.audioOnly ? undefined : canvasSize(job.quality);
  const sink = openSink(job, { path, threads: job.threads, ...(size ? { video: size } : {}) });
  const mixer = new AudioMixer(timeline, skipped);
  try {
    const onProgress = rendering.onProgress;
    if (size) await renderPictures(job, timeline, { sink, mixer, skipped, onProgress });
    await renderSound(mixer, sink, Number.POSITIVE_INFINITY, size ? undefined : onProgress);
    await breathe(() => onProgress(1));
    await sink.finish();
  } catch (error) {
    sink.abort();
    throw error;
  } finally {
    mixer.close();
  }
}

function openSink({ composer, ffmpegPath }: ComposeJob, format: SinkFormat): RenditionSink {
  return composer === "ffmpeg" ? new FfmpegSink(format, ffmpegPath) : new Mp4Sink(format);
}

async function renderPictures(
  { layout, quality }: ComposeJob,
  timeline: Timeline,
  parts: Pick<Rendering, "skipped" | "onProgress"> & { sink: RenditionSink; mixer: AudioMixer },
): Promise<void> {
  const { sink, mixer, skipped, onProgress } = parts;
  const canvas = new Canvas(canvasSize(quality));
  const tags = new NameTags(new TextPainter(shippedFont()), canvas, timeline.participants);
  const painter = new PicturePainter(canvas, tags);
  const scenes = new SceneWalk(scenesOf(timeline, layout, canvas));
  const feeds = timeline.participants.map((one) => ({
    id: one.id,
    feed: new VideoFeed(one, skipped, 1),
  }));
  const total = Math.max(1, Math.round((timeline.durationMs * framesPerSecond) / 1000));
  try {
    for (let index = 0; index < total; index++) {
      // Half a frame later: time stamps are rounded, and exact ticks would now and then miss a picture by a hair.
      const middleMs = ((index + 0.5) * 1000) / framesPerSecond;
      const states = new Map(feeds.map(({ id, feed }) => [id, feed.at(middleMs)]));
      painter.draw(scenes.at(middleMs), states);
      await sink.video(canvas.data);
      await renderSound(mixer, sink, ((index + 1) * sampleRate) / framesPerSecond);
      if (index % 8 === 7) await breathe(() => onProgress(index / total));
    }
  } finally {
    for (const { feed } of feeds) feed.close();
    painter.close();
  }
}

/** Mixes and encodes sound up to a position, samples. */
async function renderSound(
  mixer: AudioMixer,
  sink: RenditionSink,
  until: number,
  onProgress?: (done: number) => void,
): Promise<void> {
  for (let blocks = 1; !mixer.ended && mixer.position < until; blocks++) {
    await sink.audio(mixer.next());
    if (onProgress && blocks % 64 === 0) await breathe(() => onProgress(mixer.done));
  }
}

/** Encoding is synchronous: without a turn of the event loop no message and no disconnect would be seen. */
function breathe(then: () => void): Promise<void> {
  then();
  return new Promise((resolve) => setImmediate(resolve));
}

async function makeDurable(path: string): Promise<void> {
  const handle = await open(path, "r+");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
