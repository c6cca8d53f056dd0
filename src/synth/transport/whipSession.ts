import { randomBytes } from "node:crypto";
import type { Clock } from "../../core/clock.ts";
import type { AudioPacket, VideoCodec, VideoFrame } from "../media/mediaLoop.ts";
import { mediaAddress, type NetworkConditions, NetworkLink, rerouted } from "./networkLink.ts";
import { packetizeH264, packetizeVp8 } from "./packetizer.ts";
import {
  audioLevelId,
  audioPayloadType,
  closePeer,
  offerMedia,
  type PeerOffer,
  videoPayloadType,
} from "./peerOffer.ts";
import { type Feedback, readFeedback } from "./rtcp.ts";
import { audioLevelByte } from "./rtp.ts";
import { RtpStream } from "./rtpStream.ts";
import type { Track } from "./webrtc.ts";
import { WhipError } from "./whipError.ts";
import { createWhipResource, type WhipResource } from "./whipResource.ts";

export interface SessionOptions {
  url: string;
  token: string;
  name: string;
  codec: VideoCodec;
  clock: Clock;
  /** Limit for the answer, and again for the media connection, ms. */
  timeoutMs: number;
  /** The session is over when the receiver has sent no RTCP for this long, ms. */
  silenceMs: number;
  onFeedback: (feedback: Feedback) => void;
  bindAddress?: string;
  /** Sends all media through a bad network. */
  network?: NetworkConditions;
  signal?: AbortSignal;
}

/** A longer pause between looks at the time means that this process, not the receiver, stood still. */
const stallMs = 500;

/** One connected WHIP session: packets go out as soon as they are handed in. */
export class WhipSession {
  readonly #peer: PeerOffer;
  readonly #resource: WhipResource;
  readonly #link: NetworkLink | undefined;
  readonly #options: SessionOptions;
  readonly #audio: RtpStream;
  readonly #video: RtpStream;
  readonly #levelId: number | undefined;
  readonly #over = new AbortController();
  #pictureId = randomBytes(2).readUInt16BE() & 0x7fff;
  #feedbackAt: number;
  #watchedAt: number;
  #released = false;
  /** Settles with the reason once no more media gets through. */
  readonly ended: Promise<string>;

  private constructor(parts: SessionParts) {
    this.#peer = parts.peer;
    this.#resource = parts.resource;
    this.#link = parts.link;
    this.#options = parts.options;
    this.#audio = parts.audio;
    this.#video = parts.video;
    this.#levelId = audioLevelId(parts.resource.answer);
    this.#feedbackAt = this.#watchedAt = parts.options.clock.now();
    this.ended = new Promise((resolve) => {
      this.#over.signal.addEventListener("abort", () => resolve(String(this.#over.signal.reason)));
    });
  }

  /** Publishes; resolves when media may flow. @throws WhipError; leaves nothing behind */
  static async open(options: SessionOptions): Promise<WhipSession> {
    const { url, token, name, codec, timeoutMs, signal } = options;
    const [audioSsrc, videoSsrc] = [randomSsrc(), randomSsrc()];
    const peer = await offerMedia({ ...options, name, codec, audioSsrc, videoSsrc });
    const abandoned: (() => unknown)[] = [() => closePeer(peer)];
    try {
      const request = { url, token, offer: peer.sdp, timeoutMs, ...(signal && { signal }) };
      const resource = await createWhipResource(request);
      abandoned.unshift(() => resource.delete());
      const link = await openLink(resource.answer, options.network);
      if (link) abandoned.push(() => link.close());
      const audio = stream(peer.audio, name, audioSsrc, audioPayloadType, 48_000);
      const video = stream(peer.video, name, videoSsrc, videoPayloadType, 90_000);
      const session = new WhipSession({ peer, resource, link, options, audio, video });
      await session.#connect();
      return session;
    } catch (error) {
      for (const release of abandoned) await release();
      throw error;
    }
  }

  /** @returns the RTP timestamp the frame went out with; `ms` is its time since the publisher's time zero */
  sendVideo(frame: VideoFrame, ms: number): number {
    const { codec } = this.#options;
    this.#pictureId = (this.#pictureId + 1) & 0x7fff;
    const payloads =
      codec === "VP8" ? packetizeVp8(frame.data, this.#pictureId) : packetizeH264(frame.data);
    payloads.forEach((payload, index) => {
      this.#video.send(payload, { ms, marker: index === payloads.length - 1 });
    });
    return this.#video.timestampAt(ms);
  }

  /** `first`: the packet begins a stretch of sound after silence that was not sent. */
  sendAudio(packet: AudioPacket, ms: number, first: boolean): void {
    const id = this.#levelId;
    const extension = id !== undefined && { id, value: audioLevelByte(packet.levelDbov) };
    this.#audio.send(packet.data, { ms, marker: first, ...(extension && { extension }) });
  }

  /** Sender reports of both streams, from one reading of one clock. */
  sendReports(ms: number, now: number): void {
    this.#audio.report(ms, now);
    this.#video.report(ms, now);
  }

  /** Ends the session when the receiver has fallen silent; nothing else tells of a killed one. */
  watch(now: number): void {
    const pause = now - this.#watchedAt;
    this.#watchedAt = now;
    // What came meanwhile waits to be read.
    if (pause > stallMs) this.#feedbackAt += pause;
    if (now - this.#feedbackAt > this.#options.silenceMs)
      this.#end("no feedback from the receiver");
  }

  get counts() {
    return { audio: this.#audio.counts, video: this.#video.counts };
  }

  /** Ends the session with the server's knowledge. */
  async close(): Promise<void> {
    this.#end("closed");
    await this.#resource.delete();
    this.release();
  }

  /** Lets go of all native parts without a word to the server's HTTP side. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#end("released");
    closePeer(this.#peer);
    this.#link?.close();
  }

  /** Nothing passes any more where the session runs over a `network`. */
  cutNetwork(): void {
    this.#link?.cut();
  }

  async #connect(): Promise<void> {
    const { connection, audio, video } = this.#peer;
    const { answer } = this.#resource;
    const opened = Promise.all([audio, video].map(opening));
    void this.#peer.lost.then((state) => this.#end(`connection ${state}`));
    for (const track of [audio, video]) track.onMessage((rtcp) => this.#receive(rtcp));
    connection.setRemoteDescription(
      this.#link ? rerouted(answer, this.#link.port) : answer,
      "answer",
    );
    await this.#before(opened);
    this.#feedbackAt = this.#watchedAt = this.#options.clock.now();
  }

  /** Waits for the promise. @throws WhipError when the connection ends, time is up or the caller gives up first */
  async #before(opened: Promise<unknown>): Promise<void> {
    const { clock, timeoutMs, signal } = this.#options;
    const waiting = new AbortController();
    const givenUp = AbortSignal.any([waiting.signal, ...(signal ? [signal] : [])]);
    const outcome = await Promise.race([
      opened.then(() => "open"),
      this.ended,
      clock.sleep(timeoutMs, givenUp).then(() => "no media connection in time"),
    ]);
    waiting.abort();
    if (outcome !== "open") throw new WhipError("disconnected", outcome);
  }

  #receive(rtcp: Buffer): void {
    this.#feedbackAt = this.#options.clock.now();
    for (const feedback of readFeedback(rtcp)) {
      if (feedback.type === "bye") this.#end("the server said goodbye");
      this.#options.onFeedback(feedback);
    }
  }

  #end(reason: string): void {
    if (!this.#over.signal.aborted) this.#over.abort(reason);
  }
}

interface SessionParts {
  peer: PeerOffer;
  resource: WhipResource;
  link: NetworkLink | undefined;
  options: SessionOptions;
  audio: RtpStream;
  video: RtpStream;
}

const randomSsrc = () => randomBytes(4).readUInt32BE();

function stream(track: Track, cname: string, ssrc: number, payloadType: number, clockRate: number) {
  const firstSequence = randomBytes(2).readUInt16BE() & 0x7fff;
  const firstTimestamp = randomBytes(4).readUInt32BE();
  const send = (packet: Buffer) => track.isOpen() && track.sendMessageBinary(packet);
  return new RtpStream({
    ssrc,
    cname,
    payloadType,
    clockRate,
    firstSequence,
    firstTimestamp,
    send,
  });
}

function opening(track: Track): Promise<void> {
  return new Promise((resolve) => track.onOpen(resolve));
}

async function openLink(
  answer: string,
  network: NetworkConditions | undefined,
): Promise<NetworkLink | undefined> {
  if (!network) return undefined;
  const target = mediaAddress(answer);
  if (!target) throw new WhipError("unreachable", "the answer names no IPv4 address for media");
  return NetworkLink.open(target, network);
}
