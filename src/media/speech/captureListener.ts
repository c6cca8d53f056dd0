import { join } from "node:path";
import { isMissing } from "../../core/errorCode.ts";
import type { TrackDigest } from "../format/log/captureDigest.ts";
import { captureLog } from "../format/log/captureLog.ts";
import { loadTimeline, type Timeline } from "../format/timeline/timeline.ts";
import type { CaptureToHear, UnheardTrack } from "../transcribe/protocol.ts";
import { type Listened, type Listener, type Placed, Said } from "./listened.ts";
import type { SpeechRecognition } from "./recognition.ts";
import type { TrackSpeech } from "./speechPlacer.ts";
import { TrackListener } from "./trackListener.ts";

/** Who sends nothing for so long has said what they said, ms. */
const silenceMs = 1_500;

interface Listening {
  track: TrackDigest;
  listener: TrackListener;
  /** When it was heard last, ms of `performance.now()`. */
  heardAt: number;
}

/** Listens to all sound of a capture, which may be growing: each track is one person, so nobody has to guess who speaks. */
export class CaptureListener implements Listener {
  readonly #capture: CaptureToHear;
  readonly #recognition: SpeechRecognition;
  readonly #now: () => number;
  readonly #tracks = new Map<string, Listening>();
  /** Tracks that were heard to their end, or cannot be. */
  readonly #done = new Set<string>();
  readonly #unheard: UnheardTrack[] = [];
  readonly #heard: Record<string, number>;

  constructor(
    capture: CaptureToHear,
    recognition: SpeechRecognition,
    now: () => number = () => performance.now(),
  ) {
    this.#capture = capture;
    this.#recognition = recognition;
    this.#now = now;
    this.#heard = { ...capture.heard };
  }

  /** How far each track has been heard, by its id, ms of media time. */
  get heard(): Record<string, number> {
    return { ...this.#heard };
  }

  /** Tracks of a sealed capture that could not be heard to their end, each with why. */
  get unheard(): UnheardTrack[] {
    return [...this.#unheard];
  }

  /** Listens to a piece of each track. @throws when the capture cannot be read */
  async listen(): Promise<Listened> {
    const { captureDir } = this.#capture;
    const { tracks, stop } = await captureLog(captureDir).read();
    const said: { track: TrackDigest; speech: TrackSpeech }[] = [];
    let heardMore = false;
    for (const track of tracks.values()) {
      if (track.kind !== "audio" || this.#done.has(track.id)) continue;
      const found = this.#listenTo(track, stop !== undefined);
      heardMore ||= found.heardMore;
      for (const speech of found.speech) said.push({ track, speech });
    }
    const { lines, notUnderstood } = await this.#understand(said);
    return { lines, notUnderstood, heardMore, isOver: stop !== undefined && !heardMore };
  }

  close(): void {
    for (const { listener } of this.#tracks.values()) listener.close();
    this.#tracks.clear();
  }

  #listenTo(track: TrackDigest, isSealed: boolean): { speech: TrackSpeech[]; heardMore: boolean } {
    const one = this.#listening(track);
    try {
      const found = one.listener.listen();
      if (found.heardMore) one.heardAt = this.#now();
      else if (isSealed || track.endedAt !== undefined || this.#now() - one.heardAt > silenceMs)
        found.speech.push(...one.listener.finish());
      this.#heard[track.id] = one.listener.heardMs;
      if (!found.heardMore && (isSealed || track.endedAt !== undefined)) this.#end(track.id);
      return found;
    } catch (error) {
      // It may have no media yet; what broke is heard again from where it was heard last.
      if (!isSealed) this.#forget(track.id);
      else this.#giveUp(track, error);
      return { speech: [], heardMore: false };
    }
  }

  /** The others are heard without it. One of which nothing was stored has nothing to be heard. */
  #giveUp({ id: trackId, firstFrameAt }: TrackDigest, error: unknown): void {
    this.#end(trackId);
    if (firstFrameAt === undefined && isMissing(error)) return;
    const reason = error instanceof Error ? error.message : String(error);
    this.#unheard.push({ trackId, reason });
  }

  #listening(track: TrackDigest): Listening {
    const known = this.#tracks.get(track.id);
    if (known) return known;
    const file = join(this.#capture.captureDir, track.file);
    const heardMs = this.#heard[track.id] ?? 0;
    const listener = new TrackListener(file, heardMs, this.#recognition);
    const one = { track, listener, heardAt: this.#now() };
    this.#tracks.set(track.id, one);
    return one;
  }

  #end(trackId: string): void {
    this.#done.add(trackId);
    this.#forget(trackId);
  }

  #forget(trackId: string): void {
    this.#tracks.get(trackId)?.listener.close();
    this.#tracks.delete(trackId);
  }

  async #understand(said: { track: TrackDigest; speech: TrackSpeech }[]): Promise<Said> {
    const sorted = new Said();
    const timeline = said.length > 0 ? await loadTimeline(this.#capture.captureDir) : undefined;
    for (const { track, speech } of said) {
      const understood = await this.#recognition.understand(speech.samples);
      const placed = timeline && placeOf(timeline, track, speech);
      if (understood.text !== "" && placed) sorted.add(placed, understood);
    }
    return sorted;
  }
}

/** Nothing where the track has no place on the timeline. */
function placeOf(
  timeline: Timeline,
  { id: trackId, participant, source }: TrackDigest,
  { fromMs, toMs }: TrackSpeech,
): Placed | undefined {
  const placed = timeline.participants
    .flatMap((one) => one.tracks)
    .find(({ id }) => id === trackId);
  if (!placed) return undefined;
  const fromAtMs = placed.clock.at(fromMs);
  const startMs = epochOf(timeline, fromAtMs);
  // By its length: what is said up to a pause does not last until after it.
  const endMs = Math.max(startMs + 1, Math.round(startMs + placed.clock.at(toMs) - fromAtMs));
  const userId = source === "screen" ? null : participant;
  return { trackId, userId, startMs, endMs, mediaMs: fromMs };
}

/** Of a time on the timeline, which has no pauses. */
function epochOf({ startedAt, pauses }: Timeline, atMs: number): number {
  const pausedMs = pauses
    .filter((pause) => pause.atMs <= atMs)
    .reduce((sum, { durationMs }) => sum + durationMs, 0);
  return Math.round(startedAt + atMs + pausedMs);
}
