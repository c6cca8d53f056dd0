import type { PeerFeed, PeerRound, PeerServer, Signal } from "../peers/peerServer.ts";
import { FakeBrowser, settled } from "./fakeBrowser.ts";

type Description = { type: RTCSdpType; sdp: string };

/** The numbers of connections, as descriptions tell them. */
let nextOrigin = 1;

/** A connection that negotiates as a browser's does, and moves no media. */
export class FakePeerConnection extends EventTarget {
  readonly origin = String(nextOrigin++);
  signalingState: RTCSignalingState = "stable";
  connectionState: RTCPeerConnectionState = "new";
  localDescription: Description | null = null;
  currentRemoteDescription: Description | null = null;
  restarts = 0;
  readonly candidates: unknown[] = [];
  readonly channel = new FakeDataChannel();
  readonly transceivers: ReturnType<typeof transceiverOf>[] = [];
  #remoteOffer: Description | undefined;

  addTransceiver(kind: string) {
    const transceiver = transceiverOf(kind);
    this.transceivers.push(transceiver);
    this.#negotiate();
    return transceiver;
  }

  getTransceivers() {
    return this.transceivers;
  }

  createDataChannel() {
    this.#negotiate();
    return this.channel;
  }

  async setLocalDescription() {
    const answers = this.signalingState === "have-remote-offer";
    this.signalingState = answers ? "stable" : "have-local-offer";
    if (answers) this.currentRemoteDescription = this.#remoteOffer ?? null;
    const sdp = `v=0\r\no=- ${this.origin} 1 IN IP4 127.0.0.1\r\n`;
    this.localDescription = { type: answers ? "answer" : "offer", sdp };
  }

  async setRemoteDescription(description: Description) {
    if (description.type === "offer") {
      this.signalingState = "have-remote-offer";
      this.#remoteOffer = description;
      if (this.transceivers.length > 0) return;
      this.transceivers.push(...["audio", "video", "audio", "video"].map(transceiverOf));
    } else {
      this.signalingState = "stable";
      this.currentRemoteDescription = description;
    }
  }

  async addIceCandidate(candidate: unknown) {
    this.candidates.push(candidate);
  }

  restartIce() {
    this.restarts += 1;
    if (this.signalingState === "stable") this.#negotiate();
  }

  async getStats() {
    return new Map() as unknown as RTCStatsReport;
  }

  become(state: RTCPeerConnectionState): void {
    this.connectionState = state;
    this.dispatchEvent(new Event("connectionstatechange"));
  }

  close(): void {
    this.connectionState = "closed";
    this.signalingState = "closed";
  }

  /** Once, however much there is to be agreed on. */
  #due = false;
  #negotiate(): void {
    if (this.#due) return;
    this.#due = true;
    void Promise.resolve().then(() => {
      this.#due = false;
      this.dispatchEvent(new Event("negotiationneeded"));
    });
  }
}

function transceiverOf(kind: string) {
  const sender = {
    track: null as unknown,
    getParameters: () => ({ encodings: [{}] }),
    setParameters: async () => undefined,
    setStreams: () => undefined,
    replaceTrack: async (track: unknown) => {
      sender.track = track;
    },
  };
  return { sender, receiver: { track: { kind } }, direction: "recvonly" };
}

class FakeDataChannel extends EventTarget {
  readyState = "connecting";
  readonly sent: unknown[] = [];

  open(): void {
    this.readyState = "open";
    this.dispatchEvent(new Event("open"));
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  say(message: unknown): void {
    this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(message) }));
  }
}

/** A browser that makes such connections. */
export class PeerBrowser extends FakeBrowser {
  readonly connections: FakePeerConnection[] = [];

  override createPeer = () => {
    const peer = new FakePeerConnection();
    this.connections.push(peer);
    return peer as unknown as RTCPeerConnection;
  };

  get newest(): FakePeerConnection {
    const peer = this.connections.at(-1);
    if (peer === undefined) throw new Error("there is no connection");
    return peer;
  }
}

/** A server that notes what it is told, and tells what a test says. */
export class FakePeerServer implements PeerServer, PeerFeed {
  readonly opened: string[] = [];
  readonly closed: string[] = [];
  readonly sent: { to: string; signal: Signal }[] = [];
  readonly stood: string[] = [];
  readonly failures: string[] = [];
  readonly marked: string[] = [];
  readonly reports: unknown[] = [];
  /** What the next call of that kind fails with. */
  refusing: Partial<Record<"open" | "send" | "stand", Error>> = {};
  #onRound: ((round: PeerRound) => void) | undefined;
  #onError: ((error: unknown) => void) | undefined;

  iceServers = async () => [];

  open = async (sessionId: string) => {
    this.#refuse("open");
    this.opened.push(sessionId);
  };

  send = async (_: string, to: string, signal: Signal) => {
    this.#refuse("send");
    this.sent.push({ to, signal });
  };

  processed = async (signalIds: string[]) => {
    this.marked.push(...signalIds);
  };

  stand = async (_: string, state: string) => {
    this.#refuse("stand");
    this.stood.push(state);
  };

  failed = async (sessionId: string) => {
    this.failures.push(sessionId);
    return true;
  };

  report = async (_: string, stats: unknown) => {
    this.reports.push(stats);
  };

  close = async (sessionId: string) => {
    this.closed.push(sessionId);
  };

  follow(onRound: (round: PeerRound) => void, onError: (error: unknown) => void) {
    this.#onRound = onRound;
    this.#onError = onError;
    return { stop: () => undefined };
  }

  /** What is there now, and everything that follows from it. */
  async tell(round: Partial<PeerRound>): Promise<void> {
    this.#onRound?.({ sessions: [], signals: [], ...round });
    await settled();
  }

  async fail(error: Error): Promise<void> {
    this.#onError?.(error);
    await settled();
  }

  #refuse(kind: keyof FakePeerServer["refusing"]): void {
    const { [kind]: error } = this.refusing;
    delete this.refusing[kind];
    if (error !== undefined) throw error;
  }
}
