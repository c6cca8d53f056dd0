import { haveFutureData, haveMetadata, type Source } from "./source.ts";

/** Plays the finished file in a media element of its own. */
export class FileSource implements Source {
  readonly #element: HTMLMediaElement;
  #wantedMs: number | undefined;
  #playing = false;

  constructor(url: string, element: HTMLMediaElement) {
    this.#element = element;
    element.preload = "auto";
    element.src = url;
  }

  get positionMs(): number {
    return this.#wantedMs ?? this.#element.currentTime * 1000;
  }

  get ready(): boolean {
    const { ended, seeking, readyState } = this.#element;
    return this.#wantedMs === undefined && (ended || (!seeking && readyState >= haveFutureData));
  }

  get advancing(): boolean {
    return this.ready && !this.#element.paused && !this.#element.ended;
  }

  get buffered(): readonly (readonly [number, number])[] {
    const { buffered } = this.#element;
    return Array.from({ length: buffered.length }, (_, at) => [
      buffered.start(at) * 1000,
      buffered.end(at) * 1000,
    ]);
  }

  get failure(): string | undefined {
    return this.#element.error?.message;
  }

  seek(ms: number): void {
    this.#wantedMs = ms;
    this.tick();
  }

  setPlaying(playing: boolean): void {
    this.#playing = playing;
    this.tick();
  }

  setRate(rate: number): void {
    this.#element.defaultPlaybackRate = rate;
    this.#element.playbackRate = rate;
  }

  setSound(volume: number, muted: boolean): void {
    this.#element.volume = volume;
    this.#element.muted = muted;
  }

  tick(): void {
    const element = this.#element;
    if (element.readyState < haveMetadata) return;
    if (this.#wantedMs !== undefined) {
      element.currentTime = Math.min(this.#wantedMs / 1000, element.duration);
      this.#wantedMs = undefined;
    }
    if (this.#playing && element.paused && !element.ended) element.play().catch(() => undefined);
    else if (!this.#playing && !element.paused) element.pause();
  }

  dispose(): void {
    this.#element.pause();
    this.#element.removeAttribute("src");
    this.#element.load();
    this.#element.remove();
  }
}
