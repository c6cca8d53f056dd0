import type { PlacedLine } from "../transcript/placedLines.ts";
import { CaptionTracks } from "./captionTracks.ts";
import { type Cue, cuesOf, cueTextAt } from "./cues.ts";
import { Scenes } from "./scene.ts";
import { FileSource } from "./sources/fileSource.ts";
import type { Playback } from "./sources/playback.ts";
import type { Source } from "./sources/source.ts";
import { Takeover } from "./sources/takeover.ts";
import { TracksSource } from "./sources/tracksSource.ts";
import { Stage } from "./stage.ts";

const tickMs = 50;
const timeupdateMs = 250;

/**
 * `<connvo-playback>`: a media element as controls know it (`play`, `currentTime`, `textTracks`, events, …) that plays a
 * recording, first from its captured tracks and, once there is one, from the finished file, without losing its place.
 * Beside the usual events: `sourcechange` when the file has taken over.
 */
export class PlaybackElement extends HTMLElement {
  readonly textTracks = new CaptionTracks();
  readonly #stage: Stage;
  #playback: Playback | undefined;
  #scenes: Scenes | undefined;
  #cues: readonly Cue[] = [];
  #source: Source | undefined;
  #takeover: Takeover | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #paused = true;
  #ended = false;
  #seeking = false;
  #advancing = false;
  #metadata = false;
  #failed = false;
  #rate = 1;
  #volume = 1;
  #muted = false;
  #toldAt = 0;

  constructor() {
    super();
    this.#stage = new Stage(this.attachShadow({ mode: "open" }));
    this.textTracks.addEventListener("change", () => this.#tick());
  }

  connectedCallback(): void {
    this.#timer = setInterval(() => this.#tick(), tickMs);
  }

  disconnectedCallback(): void {
    clearInterval(this.#timer);
    this.#takeover?.dispose();
    this.#source?.dispose();
    this.#takeover = undefined;
    this.#source = undefined;
  }

  /** Which of the two plays; undefined before `load`. */
  get sourceKind(): "tracks" | "file" | undefined {
    if (this.#source === undefined) return undefined;
    return this.#source instanceof FileSource ? "file" : "tracks";
  }

  /** The tracks that are loaded, with how far each is ahead of the recording's time, ms. */
  get drifts(): { trackId: string; kind: string; driftMs: number }[] {
    if (!(this.#source instanceof TracksSource)) return [];
    const atMs = this.#source.positionMs;
    return this.#source.players
      .filter((one) => one.isOn(atMs))
      .map((one) => ({
        trackId: one.track.trackId,
        kind: one.track.kind,
        driftMs: one.driftMs(atMs),
      }));
  }

  /** Takes what the server says; a later call brings the finished file, or fresh addresses after a failure. */
  load(playback: Playback): void {
    const first = this.#playback === undefined;
    this.#playback = playback;
    this.#scenes = new Scenes(playback);
    if (this.#source === undefined || this.#failed) this.#restart(playback);
    else if (playback.file && this.sourceKind === "tracks") this.#prepareFile(playback.file.url);
    if (first) for (const type of ["loadstart", "durationchange"]) this.#emit(type);
    this.#tick();
  }

  /** What was said, for the captions; without any line they say who speaks. */
  set lines(lines: readonly PlacedLine[]) {
    this.#cues = cuesOf(lines);
    this.#tick();
  }

  get currentTime(): number {
    return (this.#source?.positionMs ?? 0) / 1000;
  }

  set currentTime(seconds: number) {
    const ms = Math.max(0, Math.min(Number(seconds) || 0, this.duration || 0)) * 1000;
    this.#seeking = true;
    this.#ended = false;
    this.#source?.seek(ms);
    this.#takeover?.restart();
    this.#emit("seeking");
    this.#tick();
  }

  get duration(): number {
    return this.#playback ? this.#playback.durationMs / 1000 : Number.NaN;
  }

  get paused(): boolean {
    return this.#paused;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get seeking(): boolean {
    return this.#seeking;
  }

  get readyState(): number {
    if (!this.#playback) return 0;
    return this.#source?.ready ? 4 : 1;
  }

  /** As for a media element: with an address it is one that can be played. */
  get src(): string {
    return this.#playback?.recordingId ?? "";
  }

  get error(): { code: number; message: string } | null {
    const message = this.#source?.failure;
    return message === undefined ? null : { code: 4, message };
  }

  get buffered() {
    return ranges(this.#source?.buffered ?? []);
  }

  get seekable() {
    return ranges(this.#playback ? [[0, this.#playback.durationMs]] : []);
  }

  get playbackRate(): number {
    return this.#rate;
  }

  set playbackRate(rate: number) {
    this.#rate = Math.max(0.25, Math.min(4, Number(rate) || 1));
    this.#source?.setRate(this.#rate);
    this.#emit("ratechange");
  }

  get volume(): number {
    return this.#volume;
  }

  set volume(volume: number) {
    this.#volume = Math.max(0, Math.min(1, Number(volume) || 0));
    this.#soundChanged();
  }

  get muted(): boolean {
    return this.#muted;
  }

  set muted(muted: boolean) {
    this.#muted = Boolean(muted);
    this.#soundChanged();
  }

  async play(): Promise<void> {
    if (!this.#paused) return;
    if (this.#ended) this.currentTime = 0;
    this.#paused = false;
    this.#emit("play");
    this.#source?.setPlaying(true);
    this.#tick();
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#source?.setPlaying(false);
    this.#emit("pause");
    this.#tick();
  }

  #restart(playback: Playback): void {
    const positionMs = this.#source?.positionMs ?? 0;
    this.#takeover?.dispose();
    this.#takeover = undefined;
    this.#source?.dispose();
    this.#failed = false;
    const { file } = playback;
    if (file) {
      this.#use(new FileSource(file.url, this.#stage.placeFile()), positionMs);
      this.#showFile();
    } else {
      const place = this.#stage.place.bind(this.#stage);
      this.#use(new TracksSource(playback, { now: () => performance.now(), place }), positionMs);
    }
  }

  #use(source: Source, positionMs: number): void {
    this.#source = source;
    source.setRate(this.#rate);
    source.setSound(this.#volume, this.#muted);
    source.seek(positionMs);
    source.setPlaying(!this.#paused);
  }

  #prepareFile(url: string): void {
    if (this.#takeover !== undefined) return;
    const file = new FileSource(url, this.#stage.placeFile());
    file.setRate(this.#rate);
    file.setSound(this.#volume, true);
    this.#takeover = new Takeover(file);
  }

  #takeOver(file: Source): void {
    const before = this.#source;
    this.#takeover = undefined;
    this.#source = file;
    file.setRate(this.#rate);
    file.setSound(this.#volume, this.#muted);
    file.setPlaying(!this.#paused);
    this.#showFile();
    before?.dispose();
  }

  #showFile(): void {
    // Sound has no picture: the tiles stay.
    if (!this.#playback?.audioOnly) this.#stage.showFile();
    this.#emit("sourcechange");
  }

  #tick(): void {
    const source = this.#source;
    if (!source || !this.#scenes) return;
    source.tick();
    const file = this.#takeover?.tick(source, this.#rate);
    if (file) this.#takeOver(file);
    const { tiles, speaker } = this.#scenes.at(source.positionMs);
    const caption = this.#cues.length > 0 ? cueTextAt(this.#cues, source.positionMs) : speaker;
    this.#stage.show(tiles, this.textTracks.showing ? caption : undefined);
    this.#tell();
  }

  /** Tells the controls what has become different. */
  #tell(): void {
    const source = this.#source;
    if (!source) return;
    if (source.ready && !this.#metadata) {
      this.#metadata = true;
      for (const type of ["loadedmetadata", "loadeddata", "canplay"]) this.#emit(type);
    }
    if (source.ready && this.#seeking) {
      this.#seeking = false;
      this.#emit("timeupdate");
      this.#emit("seeked");
    }
    if (source.advancing !== this.#advancing) {
      this.#advancing = source.advancing;
      if (!this.#paused && !this.#atEnd) this.#emit(this.#advancing ? "playing" : "waiting");
    }
    this.#tellTime();
    if (source.failure !== undefined && !this.#failed) {
      this.#failed = true;
      this.pause();
      this.#emit("error");
    }
    if (this.#atEnd && !this.#paused && !this.#seeking) this.#end();
  }

  get #atEnd(): boolean {
    return this.currentTime >= this.duration - 0.05;
  }

  #end(): void {
    this.#paused = true;
    this.#ended = true;
    this.#source?.setPlaying(false);
    for (const type of ["timeupdate", "pause", "ended"]) this.#emit(type);
  }

  #tellTime(): void {
    const now = performance.now();
    if (now - this.#toldAt < timeupdateMs) return;
    this.#toldAt = now;
    if (this.#advancing) this.#emit("timeupdate");
    this.#emit("progress");
  }

  #soundChanged(): void {
    this.#source?.setSound(this.#volume, this.#muted);
    this.#emit("volumechange");
  }

  #emit(type: string): void {
    this.dispatchEvent(new Event(type));
  }
}

/** As `TimeRanges`, in seconds. */
function ranges(spans: readonly (readonly [number, number])[]) {
  const at = (index: number, side: 0 | 1) => (spans[index]?.[side] ?? Number.NaN) / 1000;
  return {
    length: spans.length,
    start: (index: number) => at(index, 0),
    end: (index: number) => at(index, 1),
  };
}

/** Makes the element known to the page; a repeat changes nothing. */
export function definePlaybackElement(): void {
  if (customElements.get("connvo-playback") === undefined)
    customElements.define("connvo-playback", PlaybackElement);
}
