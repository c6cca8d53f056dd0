import { mkdtemp, rm } from "node:fs/promises";
import path from "node:path";
import { sampleRate } from "../../core/media.ts";
import { canvasSize } from "../../core/picture/geometry.ts";
import { renameDurably, syncFile } from "../../files/durable.ts";
import type { JoinJob, ProbeFinding, SkippedTrack, SliceJob } from "../compose/protocol.ts";
import { frameMs, frameSample } from "../compose/slicePlan.ts";
import { loadTimelineUntil, type Timeline } from "../format/timeline/timeline.ts";
import { settleMs } from "../format/timeline/trackPlace.ts";
import { UnsettledError } from "./decode/failures.ts";
import { SkippedTracks } from "./decode/skippedTracks.ts";
import { excerpt } from "./excerpts.ts";
import { joinSlices } from "./file/joinSlices.ts";
import { publish } from "./file/publish.ts";
import type { RenditionSink } from "./file/renditionSink.ts";
import { SliceSink } from "./file/sliceSink.ts";
import { type Look, type Rendering, renderPart, soundEnd } from "./render.ts";
import { blockSamples } from "./sound/audioMixer.ts";
import { surveyLoudness } from "./sound/loudnessSurvey.ts";

/** AAC frames encoded before a slice and after it, and thrown away: at its borders the encoder is in the middle of things. */
const leadBlocks = 24;
const trailBlocks = 4;
/** Opus needs 80 ms to find its feet; one packet may be 120 ms long. */
const decoderLeadMs = 1000;

/**
 * Composes one slice into `output`: the same whenever it is done, before or after the end of the capture. Resolves with
 * the tracks left out, and why.
 * @throws UnsettledError when the capture has not got far enough
 */
export async function composeSlice(
  job: SliceJob,
  onProgress: (done: number) => void,
): Promise<SkippedTrack[]> {
  const skipped = new SkippedTracks();
  const folder = await mkdtemp(`${job.output}.tracks-`);
  const temporary = path.join(folder, "slice");
  const openSink = (soundFrom: number) =>
    new SliceSink({
      ...{ path: temporary, threads: job.threads, slice: job, soundFrom },
      video: job.audioOnly ? undefined : canvasSize(job.quality),
    });
  try {
    const powersIn = path.join(path.dirname(job.output), "loudness");
    await renderSlice(job, openSink, { folder, powersIn, skipped, onProgress });
    await syncFile(temporary);
    await renameDurably(temporary, job.output);
    return skipped.tracks;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Renders a slice: its pictures, and its sound from a little before to a little after it. `folder` is for what is needed
 * meanwhile, `powersIn` the file of what is known of the loudness before it.
 * @throws UnsettledError when the capture has not got far enough
 */
export async function renderSlice(
  slice: Pick<SliceJob, "captureDir" | "fromFrame" | "toFrame" | "last"> & Look,
  openSink: (soundFrom: number) => RenditionSink,
  { folder, powersIn, skipped, onProgress }: Rendering & { folder: string; powersIn?: string },
): Promise<void> {
  const { fromFrame, toFrame } = slice;
  const whole = await settledTimeline(slice);
  const sound = soundOf(slice, whole);
  const fromMs = Math.max(0, (sound.from * 1000) / sampleRate - decoderLeadMs);
  const stretch = { fromMs, toMs: frameMs(toFrame) };
  const { timeline, continues } = excerpt(whole, stretch, { folder, skipped });
  const gains = await surveyLoudness(whole, (sound.to * 1000) / sampleRate, {
    ...(powersIn === undefined ? {} : { keptIn: powersIn }),
    onProgress: () => onProgress(0),
  });
  const part = { fromFrame, toFrame, sound: { ...sound, continues, gains } };
  await renderPart(slice, timeline, part, { sink: openSink(sound.from), skipped, onProgress });
}

async function settledTimeline({
  captureDir,
  toFrame,
}: Pick<SliceJob, "captureDir" | "toFrame">): Promise<Timeline> {
  const timeline = await loadTimelineUntil(captureDir, frameMs(toFrame) + settleMs);
  if (!timeline) throw new UnsettledError();
  return timeline;
}

/** Samples to encode, of which the ends are thrown away. */
function soundOf(
  { fromFrame, toFrame, last }: Pick<SliceJob, "fromFrame" | "toFrame" | "last">,
  timeline: Timeline,
): { from: number; to: number } {
  const end = soundEnd(timeline);
  const from = Math.max(0, frameSample(fromFrame) - leadBlocks * blockSamples);
  const to = last ? end : Math.min(end, frameSample(toFrame) + trailBlocks * blockSamples);
  return { from, to };
}

/** Joins slices into a rendition: made durable and probed before it gets its name. */
export async function composeJoin(
  job: JoinJob,
  onProgress: (done: number) => void,
): Promise<ProbeFinding> {
  const part = `${job.output}.part`;
  const size = job.audioOnly ? undefined : canvasSize(job.quality);
  try {
    await joinSlices(job.slices, part, size, onProgress);
    return await publish(part, job.output, job.durationMs);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}
