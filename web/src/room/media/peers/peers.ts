import type { MediaEnvironment } from "../environment.ts";
import type { PersonView, RoomPhase } from "../roomView.ts";
import type { PeerLink } from "./peerLink.ts";
import type { PeerSession, ReceivedSignal, Standing } from "./peerServer.ts";
import { newestOf, type Peer, peerPhase, personOf } from "./peerView.ts";

/** Whoever is missed in the list for no longer may be there: a failed session is not listed until it is taken up, ms. */
const graceMs = 5_000;

/** Everybody else, and the connection to each. */
export class Peers {
  readonly #env: MediaEnvironment;
  readonly #connect: (session: PeerSession) => PeerLink;
  readonly #peers = new Map<string, Peer>();
  /** Signals that were given to their connections. */
  readonly #taken = new Set<string>();

  constructor(env: MediaEnvironment, connect: (session: PeerSession) => PeerLink) {
    this.#env = env;
    this.#connect = connect;
  }

  get links(): PeerLink[] {
    return [...this.#peers.values()].map(({ link }) => link);
  }

  /** How we stand, of all connections together. */
  get standing(): Standing {
    const { links } = this;
    if (links.some(({ connected }) => connected)) return "connected";
    return links.some(({ troubled }) => troubled) ? "disconnected" : "connecting";
  }

  get people(): PersonView[] {
    return [...this.#peers.values()].flatMap(personOf);
  }

  phase(opened: boolean, wasConnected: boolean): RoomPhase {
    return peerPhase(opened, [...this.#peers.values()], wasConnected);
  }

  /** Connects to whoever is there now, by the window they came in with last, and leaves whoever is gone. */
  meet(sessions: readonly PeerSession[]): void {
    const others = newestOf(sessions);
    for (const [userId, session] of others) {
      const known = this.#peers.get(userId);
      if (known?.session.sessionId === session.sessionId) known.missedSince = undefined;
      else {
        known?.link.close();
        this.#peers.set(userId, { session, link: this.#connect(session), missedSince: undefined });
      }
    }
    for (const [userId, peer] of this.#peers) if (!others.has(userId)) this.#miss(userId, peer);
  }

  /**
   * Gives signals to their connections, each once. Those of sessions that are not listed yet, or any more, are left: they
   * come again, or run out. @returns the ids of those that are done with
   */
  take(signals: readonly ReceivedSignal[]): string[] {
    const done: string[] = [];
    for (const signal of signals) {
      const peer = this.#peers.get(signal.fromUserId);
      if (peer?.session.sessionId !== signal.sessionId) continue;
      done.push(signal.id);
      if (this.#taken.has(signal.id)) continue;
      this.#taken.add(signal.id);
      peer.link.receive(signal);
    }
    return done;
  }

  clear(): void {
    for (const { link } of this.#peers.values()) link.close();
    this.#peers.clear();
    this.#taken.clear();
  }

  #miss(userId: string, peer: Peer): void {
    peer.missedSince ??= this.#env.now();
    if (!peer.link.left && this.#env.now() - peer.missedSince < graceMs) return;
    peer.link.close();
    this.#peers.delete(userId);
  }
}
