import type { MediaEnvironment } from "../environment.ts";
import type { Slot } from "../subscribeSession.ts";
import { Outbox } from "./outbox.ts";
import { PeerLines, type SourceTracks } from "./peerLines.ts";
import { type MediaState, type PeerMessage, parsePeerMessage } from "./peerMessage.ts";
import type { Signal } from "./peerServer.ts";

export interface PeerLinkOptions {
  env: MediaEnvironment;
  iceServers: RTCIceServer[];
  /** Of two offers that cross, the polite side gives up its own; the other begins. */
  polite: boolean;
  send(signal: Signal): Promise<void>;
  /** Why a signal was not taken. */
  onRefused(error: unknown): void;
  /** Asked whenever a connection begins, or tracks may have changed. */
  outgoing(): { tracks: SourceTracks; state: MediaState };
  onChange(): void;
  /** The connection has failed, or was not made in time; it is tried again. */
  onFailed(details: string): void;
}

/** A connection of which nothing more came for so long is tried anew, ms; the side that begins is first to notice. */
const patienceMs = { impolite: 12_000, polite: 20_000 } as const;
const longestPatienceMs = 60_000;
/** Paths are often back by themselves after a moment, ms. */
const disconnectedMs = 4_000;
/** From the last word to the end of the connection, ms. */
const farewellMs = 200;
/** What cannot be mended by so many restarts of ICE is begun from nothing. */
const mostRestarts = 2;

/** The connection to one window of somebody else: negotiated by both sides ("perfect negotiation"), kept until closed. */
export class PeerLink {
  readonly #options: PeerLinkOptions;
  readonly #outbox: Outbox;
  #peer: RTCPeerConnection | undefined;
  #lines: PeerLines | undefined;
  #channel: RTCDataChannel | undefined;
  #told: MediaState | undefined;
  /** Who made the offers we have: another connection of theirs has another number. */
  #remoteOrigin: string | undefined;
  #makingOffer = false;
  #ignoresOffer = false;
  #work: Promise<void> = Promise.resolve();
  #attempts = 0;
  #restarts = 0;
  /** Another way was looked for since it was last connected, before that was a failure. */
  #looked = false;
  #wasConnected = false;
  #left = false;
  #closed = false;
  #cancelWatch: (() => void) | undefined;

  constructor(options: PeerLinkOptions) {
    this.#options = options;
    this.#outbox = new Outbox(options.env, (error) => options.onRefused(error));
    if (!options.polite) this.#begin();
    this.#watch();
  }

  get connected(): boolean {
    return this.#peer?.connectionState === "connected";
  }

  /** It was there and is not, or could not be made in time. */
  get troubled(): boolean {
    return !this.connected && !this.#left && (this.#wasConnected || this.#attempts > 0);
  }

  /** They have said that they leave. */
  get left(): boolean {
    return this.#left;
  }

  /** What they say is on; of a client that says nothing, everything it has lines for. */
  get told(): MediaState | undefined {
    if (this.#told !== undefined || !this.#wasConnected) return this.#told;
    const on = { audio: true, video: true };
    return { camera: on, screen: { audio: false, video: false } };
  }

  received(source: "camera" | "screen"): Slot | undefined {
    return this.#lines?.received(source);
  }

  stats(): Promise<RTCStatsReport> | undefined {
    return this.connected ? this.#peer?.getStats() : undefined;
  }

  /** Takes a signal of theirs; one after the other. */
  receive(signal: Signal): void {
    this.#progress();
    this.#work = this.#work.then(async () => {
      if (this.#closed) return;
      try {
        if (signal.type === "ice") await this.#takeCandidate(signal.data);
        else await this.#takeDescription(signal.data);
      } catch {
        // Of a connection that one side has given up meanwhile; the watch begins another if it has to.
      }
    });
  }

  /** What is sent, or said to be on, has changed. */
  refresh(): void {
    const { tracks, state } = this.#options.outgoing();
    const lines = this.#lines;
    void lines?.send(tracks).catch(() => {
      if (lines === this.#lines) this.#begin();
    });
    this.#say({ type: "media", state });
  }

  /** Looks for other ways than those in use. */
  restart(): void {
    const peer = this.#peer;
    if (peer === undefined || this.#closed) return;
    peer.restartIce();
    // Otherwise it is offered once the last offer is answered, which may never be.
    if (peer.signalingState === "have-local-offer") void this.#offer(peer);
  }

  close(): void {
    this.#closed = true;
    this.#say({ type: "bye" });
    this.#cancelWatch?.();
    this.#outbox.close();
    const peer = this.#peer;
    // Time for the word to get out.
    this.#options.env.after(farewellMs, () => peer?.close());
    this.#peer = undefined;
    this.#drop();
  }

  /** A connection of our own making. */
  #begin(): void {
    if (this.#closed) return;
    const peer = this.#open();
    this.#lines = PeerLines.offer(this.#options.env, peer);
    this.#use(peer.createDataChannel("peer"));
    this.refresh();
  }

  #open(): RTCPeerConnection {
    this.#drop();
    const { env, iceServers } = this.#options;
    const peer = env.createPeer({ iceServers, bundlePolicy: "max-bundle" });
    this.#peer = peer;
    peer.addEventListener("negotiationneeded", () => void this.#offer(peer));
    peer.addEventListener("icecandidate", ({ candidate }) => this.#tellCandidate(peer, candidate));
    peer.addEventListener("connectionstatechange", () => this.#changed(peer));
    peer.addEventListener("datachannel", ({ channel }) => this.#use(channel));
    return peer;
  }

  #drop(): void {
    this.#outbox.clear();
    this.#peer?.close();
    this.#peer = undefined;
    this.#lines = undefined;
    this.#channel = undefined;
    this.#told = undefined;
    this.#remoteOrigin = undefined;
    this.#makingOffer = false;
    this.#ignoresOffer = false;
  }

  async #offer(peer: RTCPeerConnection): Promise<void> {
    if (peer !== this.#peer) return;
    this.#makingOffer = true;
    try {
      await peer.setLocalDescription();
      this.#tellDescription(peer);
    } catch {
      // Closed meanwhile, or answered at this moment; the watch begins another if it has to.
    } finally {
      if (peer === this.#peer) this.#makingOffer = false;
    }
  }

  async #takeDescription(description: { type: RTCSdpType; sdp: string }): Promise<void> {
    if (description.type !== "offer") {
      if (this.#peer?.signalingState !== "have-local-offer") return;
      await this.#peer.setRemoteDescription(description);
      return;
    }
    const { polite } = this.#options;
    const origin = originOf(description.sdp);
    const crosses = this.#makingOffer || this.#peer?.signalingState === "have-local-offer";
    this.#ignoresOffer = !polite && crosses;
    if (this.#ignoresOffer) return;
    const isNew = this.#peer === undefined || this.#remoteOrigin !== origin;
    // What we offered in vain, or what they have given up, is nothing to go on with.
    const peer = isNew && !this.#answeredBy(origin) ? this.#open() : this.#peer;
    if (peer === undefined) return;
    await peer.setRemoteDescription(description);
    if (peer !== this.#peer) return;
    this.#remoteOrigin = origin;
    await this.#adopt(peer);
    await peer.setLocalDescription();
    this.#tellDescription(peer);
  }

  /** Whether the connection that we offered was answered by that one of theirs, which now offers itself. */
  #answeredBy(origin: string): boolean {
    const answered = this.#peer?.currentRemoteDescription?.sdp;
    return answered !== undefined && originOf(answered) === origin;
  }

  async #adopt(peer: RTCPeerConnection): Promise<void> {
    if (this.#lines !== undefined) return;
    this.#lines = PeerLines.adopt(this.#options.env, peer);
    await this.#lines.send(this.#options.outgoing().tracks);
  }

  async #takeCandidate(candidate: RTCIceCandidateInit): Promise<void> {
    try {
      await this.#peer?.addIceCandidate(candidate);
    } catch (error) {
      if (!this.#ignoresOffer) throw error;
    }
  }

  #tellDescription({ localDescription }: RTCPeerConnection): void {
    if (localDescription === null) return;
    const { type, sdp } = localDescription;
    this.#send({ type: "sdp", data: { type, sdp } });
  }

  #tellCandidate(peer: RTCPeerConnection, found: RTCIceCandidate | null): void {
    // Browsers offer none that waits for a TCP connection, so none that makes one is of use.
    if (peer !== this.#peer || found === null || found.protocol === "tcp") return;
    const { candidate, sdpMid, sdpMLineIndex, usernameFragment } = found;
    const data = {
      candidate,
      ...(sdpMid === null ? {} : { sdpMid }),
      ...(sdpMLineIndex === null ? {} : { sdpMLineIndex }),
      ...(typeof usernameFragment === "string" ? { usernameFragment } : {}),
    };
    this.#send({ type: "ice", data });
  }

  #send(signal: Signal): void {
    this.#outbox.add(async () => {
      await this.#options.send(signal);
      this.#progress();
    });
  }

  /** On slow machines and networks it takes as long as it takes, if only something comes. */
  #progress(): void {
    if (!this.#closed && !this.connected && !this.#left) this.#watch();
  }

  #use(channel: RTCDataChannel): void {
    this.#channel = channel;
    channel.addEventListener("open", () => this.refresh());
    channel.addEventListener("message", ({ data }) => {
      const message = parsePeerMessage(data);
      if (channel !== this.#channel || message === undefined) return;
      if (message.type === "bye") this.#left = true;
      else this.#told = message.state;
      this.#options.onChange();
    });
    // After a long outage the channel is gone for good, though media may come back.
    channel.addEventListener("close", () => {
      if (channel === this.#channel && !this.#left) this.#begin();
    });
  }

  #say(message: PeerMessage): void {
    if (this.#channel?.readyState === "open") this.#channel.send(JSON.stringify(message));
  }

  #changed(peer: RTCPeerConnection): void {
    if (peer !== this.#peer) return;
    if (this.connected) {
      this.#wasConnected = true;
      this.#attempts = 0;
      this.#restarts = 0;
      this.#looked = false;
      this.#cancelWatch?.();
    } else if (peer.connectionState === "disconnected") this.#watch(disconnectedMs);
    else if (peer.connectionState === "failed") this.#renew("ICE found no way any more");
    this.#options.onChange();
  }

  #watch(ms = this.#patience()): void {
    this.#cancelWatch?.();
    this.#cancelWatch = this.#options.env.after(ms, () => this.#tooLate());
  }

  #patience(): number {
    const first = patienceMs[this.#options.polite ? "polite" : "impolite"];
    return Math.min(longestPatienceMs, first * 1.5 ** Math.min(this.#attempts, 8));
  }

  #tooLate(): void {
    if (this.connected || this.#left) return;
    if (this.#peer?.connectionState !== "disconnected" || this.#looked) {
      this.#renew("no connection in time");
      return;
    }
    this.#looked = true;
    this.restart();
    this.#watch();
  }

  #renew(details: string): void {
    if (this.#left) return;
    this.#attempts += 1;
    this.#options.onFailed(details);
    const begun = this.#wasConnected && this.#restarts < mostRestarts;
    if (begun) {
      this.#restarts += 1;
      this.restart();
    } else this.#begin();
    this.#watch();
    this.#options.onChange();
  }
}

/** The number of a connection in its descriptions: the same as long as it lives. */
function originOf(sdp: string): string {
  return /^o=\S+ (\S+)/m.exec(sdp)?.[1] ?? "";
}
