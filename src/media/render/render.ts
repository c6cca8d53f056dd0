import { sampleRate } from "../../core/media.ts";
import { canvasSize } from "../../core/picture/geometry.ts";
import { SceneWalk, scenesOf } from "../../core/picture/scenes.ts";
import type { ComposeJob } from "../compose/protocol.ts";
import { frameMs, frameSample } from "../compose/slicePlan.ts";
import type { Timeline } from "../format/timeline/timeline.ts";
import type { SkippedTracks } from "./decode/skippedTracks.ts";
import type { RenditionSink } from "./file/renditionSink.ts";
import { Canvas } from "./picture/canvas.ts";
import { NameTags } from "./picture/nameTag.ts";
import { PicturePainter } from "./picture/picturePainter.ts";
import { shippedFont, TextPainter } from "./picture/textPainter.ts";
import { VideoFeed } from "./picture/videoFeed.ts";
import { AudioMixer, type SoundPart } from "./sound/audioMixer.ts";
import { surveyLoudness } from "./sound/loudnessSurvey.ts";

/** What of a timeline is rendered. Sound is in samples and may reach beyond the pictures. */
export interface Part {
  fromFrame: number;
  toFrame: number;
  sound: SoundPart;
}

export type Look = Pick<ComposeJob, "layout" | "quality" | "audioOnly">;

export interface Rendering {
  skipped: SkippedTracks;
  /** 0..1, between pieces of work of some ten ms. */
  onProgress: (done: number) => void;
}

/** Samples of a whole timeline. */
export function soundEnd({ durationMs }: Timeline): number {
  return Math.round((durationMs * sampleRate) / 1000);
}

/** Renders a part of a timeline into a sink, and finishes it. Everybody is made equally loud, unless gains are given. */
export async function renderPart(
  look: Look,
  timeline: Timeline,
  part: Part,
  { sink, skipped, onProgress }: Rendering & { sink: RenditionSink },
): Promise<void> {
  const survey = () =>
    surveyLoudness(timeline, timeline.durationMs, { onProgress: () => onProgress(0) });
  const gains = part.sound.gains ?? (await survey());
  const mixer = new AudioMixer(timeline, skipped, { ...part.sound, gains });
  try {
    if (!look.audioOnly)
      await renderPictures(look, timeline, part, { sink, mixer, skipped, onProgress });
    await renderSound(
      mixer,
      sink,
      Number.POSITIVE_INFINITY,
      look.audioOnly ? onProgress : undefined,
    );
    await breathe(() => onProgress(1));
    await sink.finish();
  } catch (error) {
    sink.abort();
    throw error;
  } finally {
    mixer.close();
  }
}

async function renderPictures(
  { layout, quality }: Look,
  timeline: Timeline,
  { fromFrame, toFrame }: Part,
  parts: Rendering & { sink: RenditionSink; mixer: AudioMixer },
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
  try {
    for (let frame = fromFrame; frame < toFrame; frame++) {
      // Half a frame later: time stamps are rounded, and exact ticks would now and then miss a picture by a hair.
      // The last one may reach beyond the end, where nobody is there any more.
      const middleMs = Math.min(frameMs(frame + 0.5), timeline.durationMs - 1);
      const states = new Map(feeds.map(({ id, feed }) => [id, feed.at(middleMs)]));
      painter.draw(scenes.at(middleMs), states);
      await sink.video(canvas.data);
      await renderSound(mixer, sink, frameSample(frame + 1));
      if (frame % 8 === 7)
        await breathe(() => onProgress((frame - fromFrame) / (toFrame - fromFrame)));
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
