import { isSending, type LocalMedia } from "../local/localMedia.ts";
import type { PersonView, PublicationView } from "../roomView.ts";
import { ScreenShare } from "../screenShare.ts";
import type { SourceTracks } from "./peerLines.ts";
import type { MediaState } from "./peerMessage.ts";

export interface OwnMediaOptions {
  local: LocalMedia;
  self: { userId: string; name: string };
  /** False for observers. */
  mayPublish: boolean;
  onChange(): void;
}

/** What we send to everybody else, and say to be on. */
export class OwnMedia {
  readonly share: ScreenShare;
  readonly #options: OwnMediaOptions;
  #screen: SourceTracks["screen"] = {};

  constructor(options: OwnMediaOptions) {
    this.#options = options;
    const setTrack = (kind: "audio" | "video", track: MediaStreamTrack | undefined) => {
      const { [kind]: _, ...others } = this.#screen;
      this.#screen = track === undefined ? others : { ...others, [kind]: track };
    };
    this.share = new ScreenShare({ setTrack }, () => options.onChange());
  }

  get tracks(): SourceTracks {
    if (!this.#options.mayPublish) return { camera: {}, screen: {} };
    const { microphone, camera } = this.#options.local.get();
    const video = isSending(camera) ? camera.track : undefined;
    return {
      camera: {
        ...(microphone.track === undefined ? {} : { audio: microphone.track }),
        ...(video === undefined ? {} : { video }),
      },
      screen: this.#screen,
    };
  }

  get state(): MediaState {
    const { local, mayPublish } = this.#options;
    const { microphone, camera } = local.get();
    const { active, hasAudio } = this.share;
    return {
      camera: {
        audio: mayPublish && isSending(microphone),
        video: mayPublish && isSending(camera),
      },
      screen: { audio: active && hasAudio, video: active },
    };
  }

  /** Ourselves as we are shown to ourselves. */
  get person(): PersonView {
    const { self, mayPublish } = this.#options;
    const { camera, screen } = this.state;
    const shown = (on: { audio: boolean; video: boolean }): PublicationView => {
      return { ...on, paused: false, received: undefined, slot: undefined };
    };
    return {
      userId: self.userId,
      name: self.name,
      role: undefined,
      isSelf: true,
      camera: mayPublish ? shown(camera) : undefined,
      screen: screen.video ? shown(screen) : undefined,
    };
  }
}
