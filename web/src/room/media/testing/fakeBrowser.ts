import type { MediaEnvironment } from "../environment.ts";

interface Timer {
  at: number;
  run: () => void;
}

/** What a test's server answers to a request. */
export type Answer = (url: string, method: string) => Response | Promise<Response>;

/** A browser whose clock, network and peers a test moves by hand. */
export class FakeBrowser implements MediaEnvironment {
  readonly peers: FakePeer[] = [];
  readonly requests: string[] = [];
  online = true;
  answer: Answer = () => created();
  #now = 0;
  #timers: Timer[] = [];
  #onlineListeners = new Set<() => void>();

  now = () => this.#now;
  random = () => 0.5;
  isOnline = () => this.online;

  after = (ms: number, run: () => void) => {
    const timer = { at: this.#now + ms, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  };

  fetch: typeof globalThis.fetch = async (input, init) => {
    const method = init?.method ?? "GET";
    this.requests.push(`${method} ${String(input)}`);
    return this.answer(String(input), method);
  };

  createPeer = () => {
    const peer = new FakePeer();
    this.peers.push(peer);
    return peer as unknown as RTCPeerConnection;
  };

  videoCodecs = () => [];

  createStream = (tracks: MediaStreamTrack[]) => ({ tracks }) as unknown as MediaStream;

  onOnline = (run: () => void) => {
    this.#onlineListeners.add(run);
    return () => this.#onlineListeners.delete(run);
  };

  comeOnline(): void {
    this.online = true;
    for (const run of this.#onlineListeners) run();
  }

  /** Lets time pass, timer by timer, and everything that follows from each. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    for (;;) {
      const due = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.#now = Math.max(this.#now, due.at);
      due.run();
      await settled();
    }
    this.#now = end;
  }
}

/** What has been resolved, and what waits for that, has happened afterwards. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 40; turn += 1) await Promise.resolve();
}

/** A session opened for an offer. */
export function created(location = "/rooms/room_1/whep/session"): Response {
  return new Response("answer", { status: 201, headers: { location } });
}

/** A refusal as the server writes it. */
export function refused(status: number, code: string, metadata = {}): Response {
  return Response.json({ code, message: `refused: ${code}`, metadata }, { status });
}

export class FakePeer extends EventTarget {
  connectionState: RTCPeerConnectionState = "new";
  iceGatheringState: RTCIceGatheringState = "complete";
  localDescription: { sdp: string } | undefined;
  readonly channel = new FakeChannel();
  readonly transport = Object.assign(new EventTarget(), { state: "connected" });
  readonly sctp = { transport: this.transport };
  readonly senders: FakeSender[] = [];
  /** Whether it connects as soon as it has an answer. */
  static connects = true;

  addTransceiver(trackOrKind: unknown) {
    const track = typeof trackOrKind === "string" ? null : trackOrKind;
    const sender = new FakeSender(track, this.transport);
    this.senders.push(sender);
    return {
      sender,
      receiver: { track: { kind: trackOrKind } },
      setCodecPreferences: () => undefined,
    };
  }

  createDataChannel() {
    return this.channel;
  }

  async createOffer() {
    return { sdp: "offer" };
  }

  async setLocalDescription() {
    this.localDescription = { sdp: "offer" };
  }

  async setRemoteDescription() {
    if (!FakePeer.connects) return;
    this.become("connected");
    this.channel.open();
  }

  become(state: RTCPeerConnectionState): void {
    this.connectionState = state;
    this.dispatchEvent(new Event("connectionstatechange"));
  }

  gather(state: RTCIceGatheringState): void {
    this.iceGatheringState = state;
    this.dispatchEvent(new Event("icegatheringstatechange"));
  }

  /** The other side says goodbye. */
  sayGoodbye(): void {
    this.transport.state = "closed";
    this.transport.dispatchEvent(new Event("statechange"));
  }

  close(): void {
    this.connectionState = "closed";
  }
}

class FakeSender {
  track: unknown;
  readonly transport: unknown;

  constructor(track: unknown, transport: unknown) {
    this.track = track;
    this.transport = transport;
  }

  getParameters() {
    return { encodings: [{}] };
  }

  async setParameters() {}

  async replaceTrack(track: unknown) {
    this.track = track;
  }
}

class FakeChannel extends EventTarget {
  readyState = "connecting";
  readonly sent: unknown[] = [];
  /** Whether pings are answered. */
  answers = true;

  open(): void {
    this.readyState = "open";
    this.dispatchEvent(new Event("open"));
  }

  send(text: string): void {
    const message: unknown = JSON.parse(text);
    this.sent.push(message);
    if (this.answers && JSON.stringify(message) === '{"type":"ping"}') this.say({ type: "pong" });
  }

  say(message: unknown): void {
    this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(message) }));
  }
}
