import { errorName } from "./local/deviceProblems.ts";
import type { Publisher } from "./publisher.ts";

export type GetDisplayMedia = (options: DisplayMediaStreamOptions) => Promise<MediaStream>;

/** Enough for text that scrolls; a film on a screen is no slide show either. */
const constraints: DisplayMediaStreamOptions = {
  video: { frameRate: { ideal: 15, max: 30 } },
  audio: true,
};

/** The own screen in the room, from the choice of what to show until one side ends it. */
export class ScreenShare {
  readonly #publisher: Pick<Publisher, "setTrack">;
  readonly #onChange: () => void;
  #tracks: MediaStreamTrack[] = [];

  constructor(publisher: Pick<Publisher, "setTrack">, onChange: () => void) {
    this.#publisher = publisher;
    this.#onChange = onChange;
  }

  get active(): boolean {
    return this.#tracks.length > 0;
  }

  /** The picture that is sent. */
  get track(): MediaStreamTrack | undefined {
    return this.#tracks.find(({ kind }) => kind === "video");
  }

  get hasAudio(): boolean {
    return this.#tracks.some(({ kind }) => kind === "audio");
  }

  /** Resolves with whether something is shared now: a person may change their mind. */
  async start(getDisplayMedia: GetDisplayMedia): Promise<boolean> {
    const stream = await getDisplayMedia(constraints).catch(onlyCalledOff);
    if (stream === undefined) return false;
    this.stop();
    this.#tracks = stream.getTracks();
    for (const track of this.#tracks) this.#send(track);
    this.#onChange();
    return true;
  }

  stop(): void {
    if (!this.active) return;
    for (const track of this.#tracks) track.stop();
    this.#tracks = [];
    this.#publisher.setTrack("audio", undefined);
    this.#publisher.setTrack("video", undefined);
    this.#onChange();
  }

  #send(track: MediaStreamTrack): void {
    const kind = track.kind === "audio" ? "audio" : "video";
    if (kind === "video") track.contentHint = "detail";
    track.addEventListener("ended", () => {
      if (kind === "video" && this.#tracks.includes(track)) this.stop();
    });
    this.#publisher.setTrack(kind, track);
  }
}

function onlyCalledOff(error: unknown): undefined {
  if (["NotAllowedError", "AbortError"].includes(errorName(error))) return undefined;
  throw error;
}
