import { ApiError } from "../../../api/apiError.ts";
import { Store } from "../../../state/store.ts";
import type { MediaEnvironment } from "../environment.ts";
import { isFinal } from "../finality.ts";
import type { LocalMedia } from "../local/localMedia.ts";
import type { MeetingConnection } from "../meetingConnection.ts";
import { type RoomPhase, type RoomView, refusedPhase } from "../roomView.ts";
import type { GetDisplayMedia } from "../screenShare.ts";
import { OwnMedia } from "./ownMedia.ts";
import { PeerLink } from "./peerLink.ts";
import { PeerQuality } from "./peerQuality.ts";
import type {
  Following,
  PeerFeed,
  PeerRound,
  PeerServer,
  PeerSession,
  Signal,
  Standing,
} from "./peerServer.ts";
import { Peers } from "./peers.ts";
import { wordsOf } from "./peerView.ts";

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

/** A person's presence in a meeting that goes from browser to browser: a connection to everybody else, kept up. */
export class PeerConnections extends Store<RoomView> implements MeetingConnection {
  readonly #options: PeerConnectionsOptions;
  readonly #own: OwnMedia;
  readonly #quality = new PeerQuality();
  readonly #peers: Peers;
  #sessionId: string | undefined;
  #iceServers: RTCIceServer[] = [];
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
    this.#own = new OwnMedia({ ...options, onChange: () => this.#refresh() });
    this.#peers = new Peers(options.env, (session) => this.#connect(session));
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
    this.#own.share.stop();
    const sessionId = this.#sessionId;
    this.#end();
    // Gone is gone: the server notices it by itself when this cannot be said.
    if (sessionId !== undefined) void this.#options.server.close(sessionId).catch(() => undefined);
  }

  end(name: "ended" | "removed"): void {
    this.#finish({ name });
  }

  shareScreen(getDisplayMedia: GetDisplayMedia): Promise<boolean> {
    return this.#own.share.start(getDisplayMedia);
  }

  stopSharing(): void {
    this.#own.share.stop();
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
    this.#cancelReport?.();
    this.#cancelOpen?.();
    this.#peers.clear();
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
    this.#peers.meet(sessions.filter((session) => session.userId !== userId));
    const done = this.#peers.take(signals);
    if (done.length > 0) void this.#options.server.processed(done).catch(() => undefined);
    this.#stand();
    this.#update();
  }

  /** A failed session that is being taken up is not listed, and then the last of the list says nothing. */
  #isListed(own: readonly PeerSession[]): boolean {
    return own.some(({ sessionId }) => sessionId === this.#sessionId);
  }

  #connect({ userId }: PeerSession): PeerLink {
    return new PeerLink({
      env: this.#options.env,
      iceServers: this.#iceServers,
      polite: this.#options.self.userId > userId,
      send: (signal) => this.#send(userId, signal),
      onRefused: (error) => this.#refused(error),
      outgoing: () => this.#own,
      onChange: () => {
        this.#stand();
        this.#update();
      },
      onFailed: (details) => void this.#failed(details),
    });
  }

  async #send(userId: string, signal: Signal): Promise<void> {
    const sessionId = this.#sessionId;
    if (sessionId === undefined) return;
    await this.#options.server.send(sessionId, userId, signal);
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
    const state = this.#peers.standing;
    if (sessionId === undefined || this.#following === undefined || state === this.#stood) return;
    this.#stood = state;
    this.#stoodAt = this.#options.env.now();
    void this.#options.server.stand(sessionId, state).catch((error: unknown) => {
      this.#stood = undefined;
      if (this.#sessionId === sessionId) this.#refused(error);
    });
  }

  /** Measures all connections; where there are none, a sign of life is enough. */
  async #report(): Promise<void> {
    const { env, server } = this.#options;
    const sessionId = this.#sessionId;
    if (sessionId === undefined) return;
    this.#cancelReport = env.after(reportMs, () => void this.#report());
    const { links } = this.#peers;
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
    for (const link of this.#peers.links) link.restart();
  }

  #refresh(): void {
    for (const link of this.#peers.links) link.refresh();
    this.#update();
  }

  #update(): void {
    const phase = this.#phase();
    if (phase.name === "connected") this.#wasConnected = true;
    this.set({
      phase,
      people: this.#sessionId === undefined ? [] : [this.#own.person, ...this.#peers.people],
      speaker: undefined,
      recording: undefined,
      sharing: this.#own.share.active,
      sharedTrack: this.#own.share.track,
    });
  }

  #phase(): RoomPhase {
    if (this.#over !== undefined) return this.#over;
    const opened = this.#following !== undefined;
    const { env } = this.#options;
    if (!opened && (this.#error !== undefined || this.#wasConnected))
      return { name: "reconnecting", ...wordsOf(this.#error, env.isOnline()) };
    return this.#peers.phase(opened, this.#wasConnected);
  }
}
