import { randomBytes } from "node:crypto";
import { mediaAddress, type NetworkConditions, NetworkLink, rerouted } from "./networkLink.ts";
import { withoutCandidates } from "./peerOffer.ts";
import { ReceivedTrack } from "./receivedTrack.ts";
import { writeEstimate } from "./receiverReports.ts";
import { Audio, type DataChannel, PeerConnection, type Track, Video } from "./webrtc.ts";
import { WhipError } from "./whipError.ts";
import { createWhipResource } from "./whipResource.ts";

/** What the server answered to an offer. */
export interface Subscribed {
  /** SDP. */
  answer: string;
  /** Ends the subscription with the server's knowledge. */
  delete(): Promise<void>;
}

export interface SubscriberOptions {
  name: string;
  /** Hands the offer to a server. */
  post: (offer: string) => Promise<Subscribed>;
  /** Default 4. */
  slots?: number;
  /** Lines for H.264 too; default VP8 alone. */
  h264?: boolean;
  /** Opens the room's channel; default true. */
  channel?: boolean;
  /** Asks again for what is lost; default true. */
  nack?: boolean;
  network?: NetworkConditions;
  /** Limit for the media connection, ms; default 10 000. */
  timeoutMs?: number;
}

export interface ReceivedSlot {
  audio: ReceivedTrack;
  video: ReceivedTrack;
}

export const subscriberPayloadTypes = { opus: 109, vp8: 98, h264: 104 } as const;
const audioLevel = "a=extmap:3 urn:ietf:params:rtp-hdrext:ssrc-audio-level";
const h264Parameters = "profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1";
const tickMs = 20;
/** A longer pause between ticks means that this process stood still. */
const stallMs = 200;
const reportMs = 1000;
const pingMs = 3000;

/** A watcher without a browser: subscribes by WHEP and counts what arrives. */
export class WhepSubscriber {
  readonly slots: readonly ReceivedSlot[];
  /** What the room's channel said, oldest first. */
  readonly messages: { type: string; [field: string]: unknown }[] = [];
  /** The last state of the connection. */
  state = "new";
  answer = "";
  offer = "";
  #options: SubscriberOptions;
  #connection: PeerConnection;
  /** Kept: the native side does not keep them from being collected. */
  #tracks: Track[] = [];
  #channel: DataChannel | undefined;
  #link: NetworkLink | undefined;
  #resource: Subscribed | undefined;
  #timers: NodeJS.Timeout[] = [];
  #own = randomBytes(4).readUInt32BE();

  private constructor(options: SubscriberOptions) {
    this.#options = options;
    this.#connection = new PeerConnection(options.name, {
      iceServers: [],
      bindAddress: "127.0.0.1",
      disableAutoNegotiation: true,
    });
    this.slots = Array.from({ length: options.slots ?? 4 }, (_, index) => ({
      audio: this.#line("audio", index),
      video: this.#line("video", index),
    }));
    if (options.channel ?? true) this.#openChannel();
  }

  /** Subscribes; resolves when media may flow. @throws WhipError, or what `post` throws; leaves nothing behind */
  static async connect(options: SubscriberOptions): Promise<WhepSubscriber> {
    const subscriber = new WhepSubscriber(options);
    try {
      await subscriber.#connect();
      return subscriber;
    } catch (error) {
      subscriber.release();
      throw error;
    }
  }

  /** The room's state as last told. */
  get room(): Record<string, unknown> | undefined {
    return this.messages.findLast(({ type }) => type === "room");
  }

  /** Sums over all slots. */
  total(kind: "audio" | "video"): {
    packets: number;
    bytes: number;
    missing: number;
    open: number;
  } {
    const tracks = this.slots.map((slot) => slot[kind]);
    const sum = (of: (track: ReceivedTrack) => number) =>
      tracks.reduce((total, track) => total + of(track), 0);
    return {
      packets: sum(({ counts }) => counts.packets),
      bytes: sum(({ counts }) => counts.bytes),
      missing: sum(({ counts }) => counts.missing),
      open: sum(({ open }) => open),
    };
  }

  say(message: object | string): void {
    this.#channel?.sendMessage(typeof message === "string" ? message : JSON.stringify(message));
  }

  /** Claims that only so much can be received, bit/s. */
  claimEstimate(bitsPerSecond: number): void {
    const ssrcs = this.slots.flatMap(({ video }) => (video.ssrc === undefined ? [] : [video.ssrc]));
    const [, track] = this.#tracks;
    if (track?.isOpen()) track.sendMessageBinary(writeEstimate(this.#own, ssrcs, bitsPerSecond));
  }

  /** From now on only what is still missing is taken. */
  stopCounting(): void {
    for (const { audio, video } of this.slots) for (const track of [audio, video]) track.fill();
  }

  /** Falls silent without a word. */
  freeze(): void {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
  }

  /** Ends with the server's knowledge. */
  async close(): Promise<void> {
    await this.#resource?.delete();
    this.release();
  }

  /** Ends with a DTLS close and nothing else. */
  release(): void {
    this.freeze();
    for (const track of this.#tracks.splice(0)) track.close();
    this.#connection.close();
    this.#link?.close();
  }

  #line(kind: "audio" | "video", index: number): ReceivedTrack {
    const track = this.#connection.addTrack(kind === "audio" ? audio(index) : this.#video(index));
    this.#tracks.push(track);
    track.onClosed(() => undefined);
    const received = new ReceivedTrack(kind, {
      own: this.#own,
      asks: this.#options.nack ?? true,
      send: (rtcp) => track.isOpen() && track.sendMessageBinary(rtcp),
    });
    track.onMessage((packet) => received.receive(packet, performance.now()));
    return received;
  }

  #video(index: number): Video {
    const video = new Video(`v${index}`, "RecvOnly");
    video.addVP8Codec(subscriberPayloadTypes.vp8);
    if (this.#options.h264) video.addH264Codec(subscriberPayloadTypes.h264, h264Parameters);
    return video;
  }

  #openChannel(): void {
    const channel = this.#connection.createDataChannel("room");
    this.#channel = channel;
    channel.onClosed(() => undefined);
    channel.onMessage((text) => {
      if (typeof text === "string") this.messages.push(JSON.parse(text));
    });
  }

  async #connect(): Promise<void> {
    const { post, network, timeoutMs = 10_000 } = this.#options;
    const connection = this.#connection;
    const gathered = new Promise<void>((resolve) => {
      connection.onGatheringStateChange((state) => state === "complete" && resolve());
    });
    const connected = new Promise<boolean>((resolve) => {
      connection.onStateChange((state) => {
        this.state = state;
        if (["connected", "failed", "closed"].includes(state)) resolve(state === "connected");
      });
      this.#timers.push(setTimeout(() => resolve(false), timeoutMs));
    });
    connection.setLocalDescription("offer");
    await gathered;
    this.offer = withoutCandidates(connection.localDescription()?.sdp ?? "");
    const resource = await post(this.offer);
    this.#resource = resource;
    this.answer = resource.answer;
    const target = network && mediaAddress(resource.answer);
    if (network && target) this.#link = await NetworkLink.open(target, network);
    connection.setRemoteDescription(
      this.#link ? rerouted(this.answer, this.#link.port) : this.answer,
      "answer",
    );
    if (!(await connected)) throw new WhipError("disconnected", "no media connection in time");
    this.#run();
  }

  #run(): void {
    const each = (call: (track: ReceivedTrack) => void) => {
      for (const { audio, video } of this.slots) for (const track of [audio, video]) call(track);
    };
    let tickedAt = performance.now();
    const tick = () => {
      const now = performance.now();
      const pause = now - tickedAt;
      tickedAt = now;
      each((track) => {
        if (pause > stallMs) track.forgive(pause);
        track.tick(now);
      });
    };
    this.freeze();
    this.#timers = [
      setInterval(tick, tickMs),
      setInterval(() => each((track) => track.report()), reportMs),
      setInterval(() => this.#channel?.isOpen() && this.say({ type: "ping" }), pingMs),
    ];
  }
}

/** Posts offers to a WHEP endpoint. */
export function postTo(url: string, token: string): (offer: string) => Promise<Subscribed> {
  return (offer) => createWhipResource({ url, token, offer, timeoutMs: 10_000 });
}

function audio(index: number): Audio {
  const media = new Audio(`a${index}`, "RecvOnly");
  media.addOpusCodec(subscriberPayloadTypes.opus, "minptime=10;useinbandfec=1");
  media.parseSdpLine(`a=rtcp-fb:${subscriberPayloadTypes.opus} nack`);
  media.parseSdpLine(audioLevel);
  return media;
}
