import { randomUUID } from "node:crypto";
import { type Backoff, backoffMs } from "../../core/backoff.ts";
import type { Clock } from "../../core/clock.ts";
import { type Log, silentLog } from "../../core/log.ts";
import { DtxFilter } from "../media/dtxFilter.ts";
import type { MediaLoop } from "../media/mediaLoop.ts";
import { MediaTimeline } from "../media/mediaTimeline.ts";
import { pumpMedia, ticksPerSecond } from "./mediaPump.ts";
import type { NetworkConditions } from "./networkLink.ts";
import type { Feedback } from "./rtcp.ts";
import { steadyClock } from "./steadyClock.ts";
import { WhipError } from "./whipError.ts";
import { WhipSession } from "./whipSession.ts";

const reconnects: Backoff = { firstMs: 100, mostMs: 4000 };

export interface PublisherOptions {
  /** WHIP endpoint of a room. */
  url: string;
  /** Room token; as a function it is asked before every connection, so that a stale one can be renewed. */
  token: string | (() => string | Promise<string>);
  media: MediaLoop;
  /** Leave out silent audio, as Opus senders with discontinuous transmission do. */
  dtx?: boolean;
  /** Connect again whenever the connection or the server is lost. */
  reconnect?: boolean;
  /** Default 3000 ms; see `SessionOptions`. */
  silenceMs?: number;
  /** Default 10 000 ms; see `SessionOptions`. */
  timeoutMs?: number;
  /** Default: 127.0.0.1 for a server on this machine, else every address. */
  bindAddress?: string;
  network?: NetworkConditions;
  /** Frames of which `sentFrames` keeps the latest; default 36 000, which is 20 minutes. */
  frameLogSize?: number;
  clock?: Clock;
  /** Numbers in [0, 1) for the jitter of reconnecting. */
  random?: () => number;
  log?: Log;
  signal?: AbortSignal;
}

export type PublisherState =
  | "connecting"
  | "live"
  | "reconnecting"
  | "closed"
  | "vanished"
  | "failed";

/** One video frame as it was sent. */
export interface SentFrame {
  /** Epoch ms. */
  sentAt: number;
  /** Time since the publisher's time zero, ms: what its RTP timestamp says. */
  mediaMs: number;
  counter: number;
  key: boolean;
  flash: boolean;
  width: number;
  height: number;
}

export interface PublisherStats {
  connections: number;
  videoPackets: number;
  audioPackets: number;
  bytes: number;
  /** Packets the transport did not take. */
  refusedPackets: number;
  keyFrameRequests: number;
  /** Packets the receiver asked for again. */
  nackedPackets: number;
  /** Latest limit the receiver named, bit/s. */
  bitrateLimit: number | undefined;
}

const defaultFrameLogSize = 36_000;

/** A participant without a browser: publishes a loop of test media to a room by WHIP. */
export class WhipPublisher {
  readonly #options: PublisherOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #name = `synthetic-${randomUUID()}`;
  readonly #timeline: MediaTimeline;
  readonly #dtx = new DtxFilter();
  readonly #stopping = new AbortController();
  readonly #listeners = new Set<(state: PublisherState) => void>();
  readonly #frames: SentFrame[] = [];
  readonly #feedback = { keyFrameRequests: 0, nackedPackets: 0 };
  readonly #sent = {
    connections: 0,
    videoPackets: 0,
    audioPackets: 0,
    bytes: 0,
    refusedPackets: 0,
  };
  #bitrateLimit: number | undefined;
  /** Time zero of the content and of all RTP timestamps, epoch ms. */
  readonly #start: number;
  #session: WhipSession | undefined;
  #state: PublisherState = "connecting";
  #failure: WhipError | undefined;
  #running: Promise<unknown> = Promise.resolve();
  #wantsKey = true;
  /** The slot of the frame that follows the last one. */
  #nextFrame: number | undefined;
  #muted = { audio: false, video: false };
  #dtxOn: boolean;

  private constructor(options: PublisherOptions) {
    this.#options = options;
    this.#clock = options.clock ?? steadyClock;
    this.#log = options.log ?? silentLog;
    this.#start = this.#clock.now();
    this.#timeline = new MediaTimeline(options.media);
    this.#dtxOn = options.dtx ?? false;
  }

  /** Publishes and begins to send. The first connection is tried once. @throws WhipError */
  static async connect(options: PublisherOptions): Promise<WhipPublisher> {
    const publisher = new WhipPublisher(options);
    await publisher.#open(options.signal);
    publisher.#running = Promise.all([publisher.#pump(), publisher.#supervise()]);
    return publisher;
  }

  get state(): PublisherState {
    return this.#state;
  }

  /** Why the publisher is `failed`. */
  get failure(): WhipError | undefined {
    return this.#failure;
  }

  /** The latest frames handed to the transport, oldest first. */
  get sentFrames(): readonly SentFrame[] {
    return this.#frames;
  }

  get stats(): PublisherStats {
    const sent = addCounts(this.#sent, this.#session);
    return { ...sent, ...this.#feedback, bitrateLimit: this.#bitrateLimit };
  }

  /** Hears of every change of state. @returns the unsubscribe function */
  onState(listener: (state: PublisherState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Stops or resumes sending a kind of media; the content goes on meanwhile. */
  mute(kind: "audio" | "video", muted: boolean): void {
    this.#muted[kind] = muted;
    if (kind === "video" && !muted) this.#wantsKey = true;
  }

  setDtx(on: boolean): void {
    this.#dtxOn = on;
  }

  /** Goes on with another picture size inside the same stream. @throws RangeError for another codec or frame rate */
  changeResolution(media: MediaLoop): void {
    this.#timeline.replace(media);
    this.#wantsKey = true;
  }

  /** Leaves the room and tells the server. */
  async close(): Promise<void> {
    const session = this.#stop("closed");
    if (session) this.#forget(session);
    await session?.close();
    await this.#running;
  }

  /**
   * Falls silent without a word: no media, no reports, no DELETE. Connection checks of the native transport go on
   * until `close`, unless the publisher has a `network`, which is cut. Call `close` in the end.
   */
  vanish(): void {
    this.#stop("vanished")?.cutNetwork();
  }

  #stop(state: "closed" | "vanished"): WhipSession | undefined {
    this.#stopping.abort();
    if (this.#state !== "failed") this.#enter(state);
    return this.#session;
  }

  async #open(signal?: AbortSignal): Promise<void> {
    const { url, token, media, silenceMs = 3000, timeoutMs = 10_000, network } = this.#options;
    const bindAddress = this.#options.bindAddress ?? loopbackFor(url);
    const session = await WhipSession.open({
      url,
      token: typeof token === "string" ? token : await token(),
      name: this.#name,
      codec: media.spec.codec,
      clock: this.#clock,
      silenceMs,
      timeoutMs,
      onFeedback: (feedback) => this.#heed(feedback),
      ...(bindAddress !== undefined && { bindAddress }),
      ...(network && { network }),
      ...(signal && { signal }),
    });
    if (this.#stopping.signal.aborted) return session.close();
    this.#session = session;
    this.#sent.connections++;
    this.#wantsKey = true;
    this.#report();
    this.#enter("live");
  }

  #pump(): Promise<void> {
    const sinks = {
      video: (slot: number, ms: number) => this.#sendVideo(slot, ms),
      audio: (slot: number, ms: number) => this.#sendAudio(slot, ms),
      tick: (slot: number) => {
        this.#session?.watch(this.#clock.now());
        if (slot % ticksPerSecond === 0) this.#report();
      },
    };
    const { frameMs } = this.#timeline;
    const { signal } = this.#stopping;
    return pumpMedia({ clock: this.#clock, start: this.#start, frameMs, sinks, signal });
  }

  #report(): void {
    const now = this.#clock.now();
    this.#session?.sendReports(now - this.#start, now);
  }

  #sendVideo(slot: number, ms: number): void {
    // Frames were left out: what follows would refer to pictures that nobody has, which no encoder does.
    if (slot !== this.#nextFrame) this.#wantsKey = true;
    this.#nextFrame = slot + 1;
    if (!this.#session || this.#muted.video) return;
    const frame = this.#timeline.frameAt(slot, { key: this.#wantsKey });
    this.#wantsKey = false;
    this.#session.sendVideo(frame, ms);
    const { width, height } = this.#timeline.loop.spec;
    const { counter, key, flash } = frame;
    this.#remember({ sentAt: this.#clock.now(), mediaMs: ms, counter, key, flash, width, height });
  }

  #sendAudio(slot: number, ms: number): void {
    const packet = this.#timeline.packetAt(slot);
    const { send, first } = this.#dtx.decide(packet, this.#dtxOn);
    if (this.#session && !this.#muted.audio && send) this.#session.sendAudio(packet, ms, first);
  }

  #remember(frame: SentFrame): void {
    const limit = this.#options.frameLogSize ?? defaultFrameLogSize;
    this.#frames.push(frame);
    // In bulk, so that a long run does not move the whole log with every frame.
    if (this.#frames.length >= limit + 1000) this.#frames.splice(0, this.#frames.length - limit);
  }

  #heed(feedback: Feedback): void {
    if (feedback.type === "keyFrameRequest") {
      this.#feedback.keyFrameRequests++;
      this.#wantsKey = true;
    } else if (feedback.type === "nack") this.#feedback.nackedPackets += feedback.packets;
    else if (feedback.type === "bitrateLimit") this.#bitrateLimit = feedback.bitsPerSecond;
  }

  /** Follows the connection until the publisher stops: every loss leads to another connection, or to `failed`. */
  async #supervise(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted && this.#session) {
      const reason = await this.#session.ended;
      if (signal.aborted) return;
      this.#log.info({ reason }, "publisher lost its connection");
      this.#session.release();
      this.#forget(this.#session);
      if (!this.#options.reconnect) return this.#fail(new WhipError("disconnected", reason));
      this.#enter("reconnecting");
      await this.#reopen(signal);
    }
  }

  async #reopen(signal: AbortSignal): Promise<void> {
    const { random = Math.random } = this.#options;
    for (let attempt = 0; !signal.aborted && !this.#session; attempt++) {
      try {
        await this.#open(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof WhipError && error.retryable)) return this.#fail(error);
        const wait = Math.max(
          backoffMs(reconnects, attempt + 1, random()),
          error.retryAfterMs ?? 0,
        );
        this.#log.debug({ err: error, wait }, "publisher could not connect");
        await this.#clock.sleep(wait, signal);
      }
    }
  }

  /** What a session sent stays counted. */
  #forget(session: WhipSession): void {
    Object.assign(this.#sent, addCounts(this.#sent, session));
    this.#session = undefined;
  }

  #fail(error: unknown): void {
    this.#failure =
      error instanceof WhipError
        ? error
        : new WhipError("unreachable", "publishing failed", { cause: error });
    this.#stopping.abort();
    this.#enter("failed");
  }

  #enter(state: PublisherState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener(state);
  }
}

type SentCounts = Omit<PublisherStats, "keyFrameRequests" | "nackedPackets" | "bitrateLimit">;

function addCounts(sent: SentCounts, session: WhipSession | undefined): SentCounts {
  if (!session) return { ...sent };
  const { audio, video } = session.counts;
  return {
    connections: sent.connections,
    videoPackets: sent.videoPackets + video.packets,
    audioPackets: sent.audioPackets + audio.packets,
    bytes: sent.bytes + audio.octets + video.octets,
    refusedPackets: sent.refusedPackets + audio.refused + video.refused,
  };
}

function loopbackFor(url: string): string | undefined {
  const { hostname } = new URL(url);
  return ["127.0.0.1", "localhost", "[::1]"].includes(hostname) ? "127.0.0.1" : undefined;
}
