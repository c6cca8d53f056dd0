import { Store } from "../../state/store.ts";
import type { AccessSource } from "./access.ts";
import type { MediaEnvironment } from "./environment.ts";
import type { Loss } from "./link.ts";
import { isSending, type LocalMedia } from "./local/localMedia.ts";
import type { MeetingConnection } from "./meetingConnection.ts";
import { Publisher } from "./publisher.ts";
import type { MediaSource } from "./publishSession.ts";
import type { RoomState, Unpublished } from "./roomMessage.ts";
import { peopleIn, type RoomPhase, type RoomView, refusedPhase, troubleOf } from "./roomView.ts";
import { type GetDisplayMedia, ScreenShare } from "./screenShare.ts";
import { Subscriber } from "./subscriber.ts";

export interface RoomConnectionOptions {
  env: MediaEnvironment;
  access: AccessSource;
  local: LocalMedia;
  /** Of this window, unguessable. */
  clientId: string;
  /** False for observers. */
  mayPublish: boolean;
}

/**
 * From the end of a publication by the other side to the judgement what it means where the room did not say, ms: another
 * window's media, if that is why, has begun by then.
 */
const judgementMs = 2500;

/** A person's presence in a room: publishes, receives, and comes back by itself after any trouble. */
export class RoomConnection extends Store<RoomView> implements MeetingConnection {
  readonly #env: MediaEnvironment;
  readonly #local: LocalMedia;
  readonly #mayPublish: boolean;
  readonly #subscriber: Subscriber;
  readonly #camera: Publisher;
  readonly #screen: Publisher;
  readonly #share: ScreenShare;
  #room: RoomState | undefined;
  #wasConnected = false;
  #over: RoomPhase | undefined;
  #endLocal: (() => void) | undefined;
  #cancelJudgement: (() => void) | undefined;

  constructor({ env, access, local, clientId, mayPublish }: RoomConnectionOptions) {
    super({
      phase: { name: "connecting" },
      people: [],
      speaker: undefined,
      recording: undefined,
      sharing: false,
      sharedTrack: undefined,
    });
    this.#env = env;
    this.#local = local;
    this.#mayPublish = mayPublish;
    const onChange = () => this.#update();
    const onRoom = (room: RoomState) => {
      this.#room = room;
      this.#update();
    };
    const onUnpublished = (ended: Unpublished) => this.#onUnpublished(ended);
    const onForgotten = () => {
      this.#camera.check();
      this.#screen.check();
    };
    const told = { onRoom, onUnpublished, onForgotten, onChange };
    this.#subscriber = new Subscriber({ env, access, clientId, ...told });
    const onLost = (why: Loss) => this.#onCameraLost(why);
    this.#camera = new Publisher({ env, access, source: "camera", onChange, onLost });
    this.#screen = new Publisher({
      env,
      access,
      source: "screen",
      onChange: () => this.#screenChanged(),
      onLost: (why) => why === "silent" || this.#subscriber.state !== "open",
    });
    this.#share = new ScreenShare(this.#screen, () => this.#shareChanged());
  }

  /** Joins, or joins again after `elsewhere` or `refused`. */
  start(): void {
    this.#over = undefined;
    this.#subscriber.start();
    this.#endLocal ??= this.#local.subscribe(() => this.#publish());
    this.#publish();
    this.#camera.restart();
    this.#update();
  }

  /** Leaves; everything the others see of us is gone at once. */
  stop(): void {
    this.#cancelJudgement?.();
    this.#endLocal?.();
    this.#endLocal = undefined;
    this.#share.stop();
    this.#camera.stop();
    this.#screen.stop();
    this.#subscriber.stop();
  }

  /** What is known from elsewhere: the meeting is over, or we are no longer part of it. */
  end(name: "ended" | "removed"): void {
    this.#finish({ name });
  }

  /** Resolves with whether the screen is shared now. */
  shareScreen(getDisplayMedia: GetDisplayMedia): Promise<boolean> {
    return this.#share.start(getDisplayMedia);
  }

  stopSharing(): void {
    this.#share.stop();
  }

  /** Only the video of these slots is looked at. */
  wantVideo(slots: readonly number[]): void {
    this.#subscriber.tell({ type: "video", slots: [...slots].sort((a, b) => a - b) });
  }

  #publish(): void {
    if (!this.#mayPublish || this.#over !== undefined) return;
    const { microphone, camera } = this.#local.get();
    const audio = isSending(microphone);
    const video = isSending(camera);
    this.#camera.setTrack("audio", microphone.track);
    this.#camera.setTrack("video", video ? camera.track : undefined);
    this.#tell("camera", audio, video);
  }

  #screenChanged(): void {
    if (this.#screen.state === "refused") this.#share.stop();
    this.#update();
  }

  #shareChanged(): void {
    const { active, hasAudio } = this.#share;
    this.#tell("screen", active && hasAudio, active);
    this.#update();
  }

  #tell(source: MediaSource, audio: boolean, video: boolean): void {
    this.#subscriber.tell({ type: "media", source, audio, video });
  }

  /** Told before the connection ends. */
  #onUnpublished({ session, reason }: Unpublished): void {
    if (reason === "replaced" && session === this.#camera.sessionId)
      this.#finish({ name: "elsewhere" });
  }

  /** The other side ends a publication for silence, or because its owner has published from another window. */
  #onCameraLost(why: Loss): boolean {
    if (why === "silent" || this.#subscriber.state !== "open") return true;
    this.#cancelJudgement?.();
    this.#cancelJudgement = this.#env.after(judgementMs, () => this.#judge());
    return false;
  }

  #judge(): void {
    if (this.#over !== undefined) return;
    const self = this.#room?.people.find(({ userId }) => userId === this.#room?.self);
    const published = this.#subscriber.state === "open" && self?.camera !== undefined;
    if (published) this.#finish({ name: "elsewhere" });
    else this.#camera.restart();
  }

  #finish(phase: RoomPhase): void {
    if (this.#over !== undefined) return;
    this.#over = phase;
    this.stop();
    this.#update();
  }

  #update(): void {
    const phase = this.#phase();
    if (phase.name === "connected") this.#wasConnected = true;
    this.set({
      phase,
      people: peopleIn(this.#room, this.#subscriber.slots),
      speaker: this.#room?.speaker,
      recording: this.#room?.recording,
      sharing: this.#share.active,
      sharedTrack: this.#share.track,
    });
  }

  #phase(): RoomPhase {
    if (this.#over !== undefined) return this.#over;
    const refused = [this.#subscriber, this.#camera].find(({ state }) => state === "refused");
    if (refused !== undefined) {
      const phase = refusedPhase(refused.error, this.#wasConnected);
      this.#over = phase;
      this.stop();
      return phase;
    }
    const links = this.#camera.wanted ? [this.#subscriber, this.#camera] : [this.#subscriber];
    if (links.every(({ state }) => state === "open")) return { name: "connected" };
    if (links.some(({ troubled }) => troubled))
      return { name: "reconnecting", ...troubleOf(links, this.#env.isOnline()) };
    return { name: this.#wasConnected ? "connected" : "connecting" };
  }
}
