import type { RoomAccess } from "./access.ts";
import type { MediaEnvironment } from "./environment.ts";
import type { Loss, Session } from "./link.ts";
import { PeerWatch } from "./peerWatch.ts";
import { parseRoomMessage, type RoomState, type Unpublished } from "./roomMessage.ts";
import { withAudioRetransmission } from "./sdp.ts";
import { hangUp, isForgotten, type OpenedSession, postOffer } from "./signalling.ts";

/** Publications seen at once. */
export const slotCount = 10;

const pingMs = 1000;
/** After this long without an answer the server is asked whether it still knows this session, ms. */
const doubtMs = 1500;
/** Nothing heard on the channel for this long means that the other end is gone, ms. */
const silenceMs = 8000;

/** What a slot shows and plays; the same streams as long as the session lives. */
export interface Slot {
  audio: MediaStream;
  video: MediaStream;
}

/** What is sent to the room. */
export type ClientMessage =
  | { type: "media"; source: "camera" | "screen"; audio: boolean; video: boolean }
  | { type: "video"; slots: number[] }
  | { type: "ping" };

export interface SubscribeOptions {
  env: MediaEnvironment;
  access: RoomAccess;
  /** This window's own, so that its older session is replaced. */
  clientId: string;
  signal: AbortSignal;
  onLost: (why: Loss) => void;
  /** The server has forgotten this session, and may have forgotten others. */
  onForgotten: () => void;
  onRoom: (state: RoomState) => void;
  onUnpublished: (ended: Unpublished) => void;
  onChannel: () => void;
}

/** One WHEP session with a slot per other publication, and the room's data channel. */
export class SubscribeSession implements Session {
  readonly slots: readonly Slot[];
  readonly #options: SubscribeOptions;
  readonly #peer: RTCPeerConnection;
  readonly #watch: PeerWatch;
  readonly #channel: RTCDataChannel;
  #opened: OpenedSession | undefined;
  #cancelPing: (() => void) | undefined;
  #heardAt = 0;
  #asking = false;

  /** Resolves once connected. @throws ApiError as the server refuses */
  static async open(options: SubscribeOptions): Promise<SubscribeSession> {
    const session = new SubscribeSession(options);
    try {
      await session.#connect(options);
      return session;
    } catch (error) {
      session.close();
      throw error;
    }
  }

  private constructor(options: SubscribeOptions) {
    const { env, access, onLost } = options;
    this.#options = options;
    this.#peer = env.createPeer({ iceServers: access.iceServers, bundlePolicy: "max-bundle" });
    this.#watch = new PeerWatch(env, this.#peer, onLost);
    this.slots = Array.from({ length: slotCount }, () => this.#addSlot());
    this.#channel = this.#peer.createDataChannel("room");
    this.#listen(onLost);
  }

  /** Sends a message; dropped while the channel is not open. */
  send(message: ClientMessage): void {
    if (this.#channel.readyState === "open") this.#channel.send(JSON.stringify(message));
  }

  close(): void {
    this.#cancelPing?.();
    this.#watch.stop();
    if (this.#opened === undefined || this.#watch.lost) this.#peer.close();
    else hangUp(this.#options.env, this.#peer, this.#opened);
    this.#opened = undefined;
  }

  #addSlot(): Slot {
    const stream = (kind: "audio" | "video") => {
      const { receiver } = this.#peer.addTransceiver(kind, { direction: "recvonly" });
      return this.#options.env.createStream([receiver.track]);
    };
    return { audio: stream("audio"), video: stream("video") };
  }

  #listen(onLost: (why: Loss) => void): void {
    const { env, onRoom, onUnpublished, onChannel } = this.#options;
    this.#channel.addEventListener("message", ({ data }) => {
      this.#heardAt = env.now();
      const message = parseRoomMessage(data);
      if (message?.type === "room") onRoom(message.state);
      if (message?.type === "unpublished") onUnpublished(message);
      if (message?.type === "end") this.#ended(message.reason, onLost);
    });
    this.#channel.addEventListener("open", () => {
      this.#heardAt = env.now();
      onChannel();
      this.#ping(onLost);
    });
    this.#channel.addEventListener("close", () => onLost("closed"));
  }

  /** The server knows better than the silence that follows; there is nothing left to hang up. */
  #ended(reason: string, onLost: (why: Loss) => void): void {
    this.#opened = undefined;
    onLost(reason === "silence" ? "silent" : "closed");
  }

  #ping(onLost: (why: Loss) => void): void {
    const silentMs = this.#options.env.now() - this.#heardAt;
    if (silentMs > silenceMs) {
      onLost("silent");
      return;
    }
    if (silentMs > doubtMs) void this.#ask(onLost);
    this.send({ type: "ping" });
    this.#cancelPing = this.#options.env.after(pingMs, () => this.#ping(onLost));
  }

  /** A disturbed network looks like this too, and then the connection is worth keeping. */
  async #ask(onLost: (why: Loss) => void): Promise<void> {
    const opened = this.#opened;
    if (this.#asking || opened === undefined) return;
    this.#asking = true;
    const forgotten = await isForgotten(this.#options.env, opened);
    this.#asking = false;
    if (!forgotten || this.#opened !== opened) return;
    this.#opened = undefined;
    this.#options.onForgotten();
    onLost("silent");
  }

  async #connect({ env, access, clientId, signal }: SubscribeOptions): Promise<void> {
    await this.#offer();
    const url = `${access.roomUrl}/whep?client=${encodeURIComponent(clientId)}`;
    const sdp = this.#peer.localDescription?.sdp ?? "";
    const { token } = access;
    const { answer, sessionUrl } = await postOffer(env, { url, token, sdp }, signal);
    this.#opened = { sessionUrl, token };
    await this.#peer.setRemoteDescription({ type: "answer", sdp: answer });
    this.#watch.watchTransport(this.#peer.sctp?.transport);
    await this.#watch.connected;
  }

  /** A browser that does not take the changed offer gets its own. */
  async #offer(): Promise<void> {
    const { sdp = "" } = await this.#peer.createOffer();
    try {
      const changed = withAudioRetransmission(sdp);
      await this.#peer.setLocalDescription({ type: "offer", sdp: changed });
    } catch {
      await this.#peer.setLocalDescription({ type: "offer", sdp });
    }
  }
}
