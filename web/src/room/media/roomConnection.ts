import { ApiError } from "../../api/apiError.ts";
import type { AccessSource } from "./access.ts";
import type { MediaEnvironment } from "./environment.ts";
import { type Loss, NoMediaPath } from "./link.ts";
import { isSending, type LocalMedia } from "./localMedia.ts";
import { Publisher } from "./publisher.ts";
import type { MediaSource } from "./publishSession.ts";
import type { PersonInRoom, Publication, RoomState, Unpublished } from "./roomMessage.ts";
import { type GetDisplayMedia, ScreenShare } from "./screenShare.ts";
import { Store } from "./store.ts";
import { Subscriber } from "./subscriber.ts";
import type { Slot } from "./subscribeSession.ts";

/** How the connection stands. `removed`, `ended`, `elsewhere` and `refused` stay until something is done. */
export type RoomPhase =
  | { name: "connecting" }
  | { name: "connected" }
  /** `reason` in words, with what can be done about it, if anything has to be. */
  | { name: "reconnecting"; reason: string; advice?: string }
  | { name: "removed" }
  | { name: "ended" }
  /** The same person has joined in another window. */
  | { name: "elsewhere" }
  | { name: "refused"; error: unknown };

/** Somebody's camera or screen as it can be shown. */
export interface PublicationView {
  /** The owner says it is on. */
  audio: boolean;
  video: boolean;
  /** The video is not sent to us now: our connection is too weak for it. */
  paused: boolean;
  /** Where it is received; undefined for one's own, and while there is no connection. */
  received: Slot | undefined;
  slot: number | undefined;
}

export interface PersonView {
  userId: string;
  name: string;
  role: PersonInRoom["role"];
  isSelf: boolean;
  camera: PublicationView | undefined;
  screen: PublicationView | undefined;
}

export interface RoomView {
  phase: RoomPhase;
  /** In order of arrival, oneself included; the last known while there is no connection. */
  people: readonly PersonView[];
  speaker: string | undefined;
  recording: RoomState["recording"];
  /** The own screen is being shown to others. */
  sharing: boolean;
  /** What is shared, for oneself. */
  sharedTrack: MediaStreamTrack | undefined;
}

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

const noMediaPathWords = {
  reason: "The server answers, but sound and pictures do not get through to it.",
  advice:
    "This page keeps trying. On the server's own machine, connect the machine to a network or use Chrome. From elsewhere, try another network, or ask whoever runs the server to open its UDP port for media.",
};

/** A person's presence in a room: publishes, receives, and comes back by itself after any trouble. */
export class RoomConnection extends Store<RoomView> {
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
      people: (this.#room?.people ?? []).map((person) => this.#view(person)),
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
      return { name: "reconnecting", ...this.#trouble(links) };
    return { name: this.#wasConnected ? "connected" : "connecting" };
  }

  #trouble(links: readonly { error: unknown }[]): { reason: string; advice?: string } {
    const error = links.map((link) => link.error).find((found) => found !== undefined);
    // The server has answered, also without a network: it may be on this machine.
    if (error instanceof NoMediaPath) return noMediaPathWords;
    if (!this.#env.isOnline()) return { reason: "This device is not connected to a network." };
    if (error instanceof ApiError && error.code === "OFFLINE")
      return { reason: "The server cannot be reached." };
    if (error !== undefined) return { reason: "The server cannot open the connection just now." };
    return { reason: "The connection to the meeting was lost." };
  }

  #view({ userId, name, role, camera, screen }: PersonInRoom): PersonView {
    return {
      userId,
      name,
      role,
      isSelf: userId === this.#room?.self,
      camera: camera && this.#publicationView(camera),
      screen: screen && this.#publicationView(screen),
    };
  }

  #publicationView({ slot, audio, video, paused }: Publication): PublicationView {
    const received = slot === undefined ? undefined : this.#subscriber.slots[slot];
    return { audio, video, paused, received, slot };
  }
}

function refusedPhase(error: unknown, wasConnected: boolean): RoomPhase {
  if (error instanceof ApiError && error.code === "MEETING_NOT_ACTIVE" && wasConnected)
    return { name: "ended" };
  if (error instanceof ApiError && error.code === "NOT_FOUND" && wasConnected)
    return { name: "removed" };
  return { name: "refused", error };
}
