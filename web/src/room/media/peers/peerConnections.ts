import { ApiError } from "../../../api/apiError.ts";
import { Store } from "../../../state/store.ts";
import type { MediaEnvironment } from "../environment.ts";
import { isFinal } from "../finality.ts";
import { isSending, type LocalMedia } from "../local/localMedia.ts";
import type { MeetingConnection } from "../meetingConnection.ts";
import { type PersonView, type RoomPhase, type RoomView, refusedPhase } from "../roomView.ts";
import { type GetDisplayMedia, ScreenShare } from "../screenShare.ts";
import { Outbox } from "./outbox.ts";
import type { SourceTracks } from "./peerLines.ts";
import { PeerLink } from "./peerLink.ts";
import type { MediaState } from "./peerMessage.ts";
import { PeerQuality } from "./peerQuality.ts";
import type {
  Following,
  PeerFeed,
  PeerRound,
  PeerServer,
  PeerSession,
  ReceivedSignal,
  Signal,
  Standing,
} from "./peerServer.ts";
import { newestOf, type Peer, peerPhase, personOf, wordsOf } from "./peerView.ts";

export interface PeerConnectionsOptions {
  env: MediaEnvironment;
  server: PeerServer;
  feed: PeerFeed;
  local: LocalMedia;
  self: { userId: string; name: string };
  /** False for observers. */
  mayPublish: boolean;
  /** A name nobody has used for a session. */
  newSessionId(): string;
}

/** From one report on the connections to the next, ms. */
const reportMs = 5_000;
/** Without connections: from one sign of life to the next, ms. */
const signOfLifeMs = 30_000;
/** Whoever is missed in the list for no longer may be there: a failed session is not listed until it is taken up, ms. */
const graceMs = 5_000;

/** A person's presence in a meeting that goes from browser to browser: a connection to everybody else, kept up. */
export class PeerConnections extends Store<RoomView> implements MeetingConnection {
  readonly #options: PeerConnectionsOptions;
  readonly #share: ScreenShare;
  readonly #quality = new PeerQuality();
  readonly #peers = new Map<string, Peer>();
  /** Signals that were given to their connections. */
  readonly #taken = new Set<string>();
  #screen: SourceTracks["screen"] = {};
  #sessionId: string | undefined;
  #iceServers: RTCIceServer[] = [];
  #outbox: Outbox | undefined;
  #following: Following | undefined;
  #over: RoomPhase | undefined;
  #error: unknown;
  #wasConnected = false;
  #stood: Standing | undefined;
  #stoodAt = 0;
  #opening = false;
  #ends: (() => void)[] = [];
  #cancelReport: (() => void) | undefined;
  #cancelOpen: (() => void) | undefined;

  constructor(options: PeerConnectionsOptions) {
    super({
      phase: { name: "connecting" },
      people: [],
      speaker: undefined,
      recording: undefined,
      sharing: false,
      sharedTrack: undefined,
    });
    this.#options = options;
    const setTrack = (kind: "audio" | "video", track: MediaStreamTrack | undefined) => {
      const { [kind]: _, ...others } = this.#screen;
      this.#screen = track === undefined ? others : { ...others, [kind]: track };
    };
    this.#share = new ScreenShare({ setTrack }, () => this.#refresh());
  }

  start(): void {
    this.#end();
    this.#over = undefined;
    this.#error = undefined;
    this.#ends = [this.#options.local.subscribe(() => this.#refresh())];
    this.#ends.push(this.#options.env.onOnline(() => this.#restart()));
    void this.#open();
    this.#update();
  }

  stop(): void {
    this.#share.stop();
    const sessionId = this.#sessionId;
    this.#end();
    // Gone is gone: the server notices it by itself when this cannot be said.
    if (sessionId !== undefined) void this.#options.server.close(sessionId).catch(() => undefined);
  }

  end(name: "ended" | "removed"): void {
    this.#finish({ name });
  }

  shareScreen(getDisplayMedia: GetDisplayMedia): Promise<boolean> {
    return this.#share.start(getDisplayMedia);
  }

  stopSharing(): void {
    this.#share.stop();
  }

  /** Whoever has a connection of their own to everybody is sent everything. */
  wantVideo(): void {}

  /** A session under a new name, and nobody connected yet. */
  async #open(): Promise<void> {
    const { server, feed, env, newSessionId } = this.#options;
    const sessionId = newSessionId();
    this.#sessionId = sessionId;
    this.#opening = true;
    try {
      this.#iceServers = await server.iceServers();
      await server.open(sessionId);
    } catch (error) {
      if (this.#sessionId === sessionId) this.#notOpened(error);
      return;
    }
    if (this.#sessionId !== sessionId) {
      void server.close(sessionId).catch(() => undefined);
      return;
    }
    this.#opening = false;
    this.#error = undefined;
    this.#outbox = new Outbox(env, (error) => this.#refused(error));
    this.#following = feed.follow(
      (round) => this.#look(round),
      (error) => this.#refused(error),
    );
    this.#cancelReport = env.after(reportMs, () => void this.#report());
    this.#update();
  }

  #notOpened(error: unknown): void {
    this.#error = error;
    if (isFinal(error)) this.#finish(refusedPhase(error, this.#wasConnected));
    else this.#cancelOpen = this.#options.env.after(2_000, () => void this.#open());
    this.#update();
  }

  /** Everything of the session but its end at the server. */
  #end(): void {
    for (const end of this.#ends) end();
    this.#ends = [];
    this.#leaveSession();
  }

  #leaveSession(): void {
    this.#following?.stop();
    this.#following = undefined;
    this.#outbox?.close();
    this.#cancelReport?.();
    this.#cancelOpen?.();
    for (const { link } of this.#peers.values()) link.close();
    this.#peers.clear();
    this.#taken.clear();
    this.#sessionId = undefined;
    this.#stood = undefined;
  }

  #finish(phase: RoomPhase): void {
    if (this.#over !== undefined) return;
    this.#over = phase;
    this.stop();
    this.#update();
  }

  #refused(error: unknown): void {
    if (!(error instanceof ApiError) || error.code !== "NOT_FOUND") return;
    const { reason } = error.metadata;
    // Whoever left while something was on its way to them.
    if (reason === "no_addressee") return;
    if (reason === "no_session") this.#reopen();
    else this.#finish(refusedPhase(error, true));
  }

  /** The server has closed our session, for silence perhaps: the next one has another name. */
  #reopen(): void {
    if (this.#over !== undefined || this.#opening) return;
    this.#leaveSession();
    void this.#open();
    this.#update();
  }

  #look({ sessions, signals }: PeerRound): void {
    const { userId } = this.#options.self;
    const own = sessions.filter((session) => session.userId === userId);
    if (own.length > 0 && own.at(-1)?.sessionId !== this.#sessionId && this.#isListed(own)) {
      this.#finish({ name: "elsewhere" });
      return;
    }
    const others = newestOf(sessions.filter((session) => session.userId !== userId));
    this.#meet(others);
    this.#take(signals);
    this.#stand();
    this.#update();
  }

  /** A failed session that is being taken up is not listed, and then the last of the list says nothing. */
  #isListed(own: readonly PeerSession[]): boolean {
    return own.some(({ sessionId }) => sessionId === this.#sessionId);
  }

  #meet(others: ReadonlyMap<string, PeerSession>): void {
    const { env } = this.#options;
    for (const [userId, session] of others) {
      const known = this.#peers.get(userId);
      if (known?.session.sessionId === session.sessionId) known.missedSince = undefined;
      else {
        known?.link.close();
        this.#peers.set(userId, { session, link: this.#connect(session), missedSince: undefined });
      }
    }
    for (const [userId, peer] of this.#peers) {
      if (others.has(userId)) continue;
      peer.missedSince ??= env.now();
      if (!peer.link.left && env.now() - peer.missedSince < graceMs) continue;
      peer.link.close();
      this.#peers.delete(userId);
    }
  }

  #connect({ userId }: PeerSession): PeerLink {
    return new PeerLink({
      env: this.#options.env,
      iceServers: this.#iceServers,
      polite: this.#options.self.userId > userId,
      send: (signal) => this.#send(userId, signal),
      outgoing: () => ({ tracks: this.#tracks(), state: this.#state() }),
      onChange: () => {
        this.#stand();
        this.#update();
      },
      onFailed: (details) => void this.#failed(details),
    });
  }

  #send(userId: string, signal: Signal): void {
    const sessionId = this.#sessionId;
    if (sessionId === undefined) return;
    this.#outbox?.add(() => this.#options.server.send(sessionId, userId, signal));
    this.#following?.hurry();
  }

  /** Those of sessions that are not listed yet, or any more, are left: they come again, or run out. */
  #take(signals: readonly ReceivedSignal[]): void {
    const done: string[] = [];
    for (const signal of signals) {
      const peer = this.#peers.get(signal.fromUserId);
      if (peer?.session.sessionId !== signal.sessionId) continue;
      done.push(signal.id);
      if (this.#taken.has(signal.id)) continue;
      this.#taken.add(signal.id);
      peer.link.receive(signal);
    }
    if (done.length > 0) void this.#options.server.processed(done).catch(() => undefined);
  }

  /** Tells the server, which lists our session again as soon as it is taken up. */
  async #failed(details: string): Promise<void> {
    const { server } = this.#options;
    const sessionId = this.#sessionId;
    if (sessionId === undefined) return;
    try {
      await server.failed(sessionId, details);
      await server.open(sessionId);
      this.#stood = undefined;
      this.#stand();
    } catch (error) {
      if (this.#sessionId === sessionId) this.#refused(error);
    }
  }

  /** Says how we stand, when that has changed. */
  #stand(): void {
    const sessionId = this.#sessionId;
    const state = this.#standing();
    if (sessionId === undefined || this.#following === undefined || state === this.#stood) return;
    this.#stood = state;
    this.#stoodAt = this.#options.env.now();
    void this.#options.server.stand(sessionId, state).catch((error: unknown) => {
      this.#stood = undefined;
      if (this.#sessionId === sessionId) this.#refused(error);
    });
  }

  #standing(): Standing {
    const links = [...this.#peers.values()].map(({ link }) => link);
    if (links.some(({ connected }) => connected)) return "connected";
    return links.some(({ troubled }) => troubled) ? "disconnected" : "connecting";
  }

  /** Measures all connections; where there are none, a sign of life is enough. */
  async #report(): Promise<void> {
    const { env, server } = this.#options;
    const sessionId = this.#sessionId;
    if (sessionId === undefined) return;
    this.#cancelReport = env.after(reportMs, () => void this.#report());
    const links = [...this.#peers.values()].map(({ link }) => link);
    const reports = await Promise.all(links.flatMap((link) => link.stats() ?? []));
    const stats = this.#quality.measure(reports, env.now());
    try {
      if (reports.length > 0 && stats !== undefined) await server.report(sessionId, stats);
      else if (env.now() - this.#stoodAt > signOfLifeMs) this.#stood = undefined;
    } catch (error) {
      if (this.#sessionId === sessionId) this.#refused(error);
    }
    this.#stand();
  }

  /** Another network may have other ways. */
  #restart(): void {
    for (const { link } of this.#peers.values()) link.restart();
  }

  #tracks(): SourceTracks {
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

  #state(): MediaState {
    const { microphone, camera } = this.#options.local.get();
    const { mayPublish } = this.#options;
    const { active, hasAudio } = this.#share;
    return {
      camera: {
        audio: mayPublish && isSending(microphone),
        video: mayPublish && isSending(camera),
      },
      screen: { audio: active && hasAudio, video: active },
    };
  }

  #refresh(): void {
    for (const { link } of this.#peers.values()) link.refresh();
    this.#update();
  }

  #update(): void {
    const phase = this.#phase();
    if (phase.name === "connected") this.#wasConnected = true;
    this.set({
      phase,
      people: this.#sessionId === undefined ? [] : this.#people(),
      speaker: undefined,
      recording: undefined,
      sharing: this.#share.active,
      sharedTrack: this.#share.track,
    });
  }

  #phase(): RoomPhase {
    if (this.#over !== undefined) return this.#over;
    const opened = this.#following !== undefined;
    const { env } = this.#options;
    if (!opened && (this.#error !== undefined || this.#wasConnected))
      return { name: "reconnecting", ...wordsOf(this.#error, env.isOnline()) };
    return peerPhase(opened, [...this.#peers.values()], this.#wasConnected);
  }

  #people(): PersonView[] {
    const { userId, name } = this.#options.self;
    const state = this.#state();
    const own = (source: "camera" | "screen") =>
      state[source].audio || state[source].video
        ? { ...state[source], paused: false, received: undefined, slot: undefined }
        : undefined;
    const self = { userId, name, role: undefined, isSelf: true };
    const camera = this.#options.mayPublish
      ? { ...state.camera, paused: false, received: undefined, slot: undefined }
      : undefined;
    return [
      { ...self, camera, screen: own("screen") },
      ...[...this.#peers.values()].flatMap(personOf),
    ];
  }
}
