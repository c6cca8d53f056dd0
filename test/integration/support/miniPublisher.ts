import { randomBytes } from "node:crypto";
import nodeDataChannel, { type PeerConnection, type Track } from "node-datachannel";
import { withoutCandidates } from "../../../src/synth/transport/peerOffer.ts";

export interface MiniPublisherOptions {
  audio?: boolean;
  /** Video lines, 0 to 2. */
  videos?: number;
  /** Offers a line of a codec that nobody here speaks, and one of a data channel. */
  unusable?: boolean;
  /** Its offer tells no SSRC: packets name their line (MID) instead. */
  unannounced?: boolean;
  width?: number;
  height?: number;
  /** Makes no keyframe when it is asked for one, only the first. */
  deaf?: boolean;
}

interface Stream {
  track: Track;
  ssrc: number;
  payloadType: number;
  clockRate: number;
  sequence: number;
  base: number;
  packets: number;
  octets: number;
  /** What names the line in every packet; empty for none. */
  midElement: Buffer;
  /** RTP timestamp of the first packet of this SSRC. */
  firstRtp?: number;
}

const random32 = (): number => randomBytes(4).readUInt32BE(0);
const audioMs = 20;
const videoMs = 40;
const chunkBytes = 1000;
const audioLevelId = 1;
const midId = 4;
const midUri = "urn:ietf:params:rtp-hdrext:sdes:mid";
/** What was due longer ago, because the machine stood still, is left out: sent at once it would overrun every buffer. */
const tooLateMs = 300;

/**
 * A publisher without a browser: made-up VP8 and Opus payloads that are well-formed on the wire. Keyframes are sent at
 * the beginning and when they are asked for, never by themselves.
 */
export class MiniPublisher {
  keyframesAsked = 0;
  nacks = 0;
  estimate = 0;
  closed = false;
  /** Epoch ms of the latest media. */
  sentAt = 0;
  /** Epoch ms of the latest keyframe. */
  keyframeSentAt = 0;
  #connection: PeerConnection;
  #audio: Stream | undefined;
  #videos: Stream[] = [];
  #size: { width: number; height: number };
  #unannounced: boolean;
  #silentUntil = 0;
  #timers: NodeJS.Timeout[] = [];
  #startedAt = 0;
  #audioSent = 0;
  #videoSent = 0;
  #pictureId = 0;
  /** The native side does not keep them from being collected. */
  #kept: unknown[] = [];
  #keyWanted = true;
  #deaf: boolean;
  #opened: Promise<void>;

  constructor(name: string, options: MiniPublisherOptions = {}) {
    const { audio = true, videos = 1, width = 640, height = 360, deaf = false } = options;
    this.#size = { width, height };
    this.#unannounced = options.unannounced ?? false;
    this.#deaf = deaf;
    this.#connection = new nodeDataChannel.PeerConnection(`mini-${name}`, {
      iceServers: [],
      bindAddress: "127.0.0.1",
      disableAutoNegotiation: true,
    });
    if (options.unusable) this.#addUnusable();
    if (audio) this.#audio = this.#addAudio(name);
    for (let i = 0; i < videos; i++) this.#videos.push(this.#addVideo(name, i));
    const first = this.#audio ?? this.#videos[0];
    this.#opened = new Promise((resolve) => first?.track.onOpen(resolve));
    this.#connection.onStateChange((state) => {
      if (state === "closed" || state === "failed") this.closed = true;
    });
  }

  /** Makes the offer, hands it to `post`, takes the answer and waits for the transport. */
  async publish(post: (offer: string) => Promise<string>): Promise<void> {
    const gathered = new Promise<void>((resolve) => {
      this.#connection.onGatheringStateChange((state) => {
        if (state === "complete") resolve();
      });
    });
    this.#connection.setLocalDescription();
    await gathered;
    const answer = await post(this.offer());
    this.#connection.setRemoteDescription(answer, "answer");
    await this.#opened;
  }

  offer(): string {
    const sdp = withoutCandidates(this.#connection.localDescription()?.sdp ?? "");
    return this.#unannounced ? sdp.replace(/^a=ssrc.*\r\n/gm, "") : sdp;
  }

  /** The SSRCs it sends under, with the timestamp each began with. */
  get sources(): { ssrc: number; firstRtp: number | undefined }[] {
    return this.#streams.map(({ ssrc, firstRtp }) => ({ ssrc, firstRtp }));
  }

  /** Goes on under other SSRCs, numbers and times after `gapMs` without media, and does not say so. */
  changeSources(gapMs: number): void {
    this.#silentUntil = performance.now() - this.#startedAt + gapMs;
    this.#keyWanted = true;
    for (const stream of this.#streams) {
      Object.assign(stream, { ...numbers(), packets: 0, octets: 0 });
      delete stream.firstRtp;
    }
  }

  /** Sends media until `stop`. */
  run(): void {
    this.#startedAt = performance.now();
    this.#timers.push(
      setInterval(() => this.#send(), 10),
      setInterval(() => this.#report(), 500),
    );
  }

  /** Falls silent without a word, as a machine that loses its power. */
  freeze(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
  }

  /** Ends with a DTLS close. */
  stop(): void {
    this.freeze();
    this.#connection.close();
  }

  #addAudio(name: string): Stream {
    const media = new nodeDataChannel.Audio("a", "SendOnly");
    media.addOpusCodec(111, "minptime=10;useinbandfec=1");
    media.parseSdpLine(`a=extmap:${audioLevelId} urn:ietf:params:rtp-hdrext:ssrc-audio-level`);
    media.parseSdpLine(`a=extmap:${midId} ${midUri}`);
    const made = numbers();
    media.addSSRC(made.ssrc, `cname-${name}`, name, `${name}-a`);
    const track = this.#connection.addTrack(media);
    track.onMessage(() => undefined);
    const midElement = this.#midElement("a");
    return { ...made, track, payloadType: 111, clockRate: 48_000, ...unsent, midElement };
  }

  #addVideo(name: string, index: number): Stream {
    const media = new nodeDataChannel.Video(`v${index}`, "SendOnly");
    media.addVP8Codec(96);
    media.parseSdpLine(`a=extmap:${midId} ${midUri}`);
    const made = numbers();
    media.addSSRC(made.ssrc, `cname-${name}`, name, `${name}-v${index}`);
    const track = this.#connection.addTrack(media);
    track.setMediaHandler(new nodeDataChannel.RtcpNackResponder(512));
    track.onMessage((packet) => this.#feedback(packet));
    const midElement = this.#midElement(`v${index}`);
    return { ...made, track, payloadType: 96, clockRate: 90_000, ...unsent, midElement };
  }

  #addUnusable(): void {
    const media = new nodeDataChannel.Video("x", "SendOnly");
    media.addVP9Codec(98);
    this.#kept.push(this.#connection.addTrack(media), this.#connection.createDataChannel("x"));
  }

  #midElement(mid: string): Buffer {
    if (!this.#unannounced) return Buffer.alloc(0);
    return Buffer.concat([Buffer.of((midId << 4) | (mid.length - 1)), Buffer.from(mid)]);
  }

  get #streams(): Stream[] {
    return this.#audio ? [this.#audio, ...this.#videos] : this.#videos;
  }

  #feedback(packet: Buffer): void {
    for (let at = 0; at + 12 <= packet.length; at += (packet.readUInt16BE(at + 2) + 1) * 4) {
      const format = packet.readUInt8(at) & 0x1f;
      const type = packet.readUInt8(at + 1);
      if (type === 205 && format === 1) this.nacks++;
      if (type === 206 && format === 1) {
        this.keyframesAsked++;
        this.#keyWanted = !this.#deaf;
      }
      if (type === 206 && format === 15) {
        const head = packet.readUInt8(at + 17);
        this.estimate = (((head & 3) << 16) | packet.readUInt16BE(at + 18)) * 2 ** (head >> 2);
      }
    }
  }

  #send(): void {
    this.sentAt = Date.now();
    const elapsed = performance.now() - this.#startedAt;
    const earliest = elapsed - tooLateMs;
    this.#audioSent = Math.max(this.#audioSent, Math.ceil(earliest / audioMs));
    this.#videoSent = Math.max(this.#videoSent, Math.ceil(earliest / videoMs));
    for (; this.#audioSent * audioMs <= elapsed; this.#audioSent++)
      this.#sendAudio(this.#audioSent * audioMs);
    for (; this.#videoSent * videoMs <= elapsed; this.#videoSent++)
      this.#sendVideo(this.#videoSent * videoMs);
  }

  #sendAudio(ms: number): void {
    if (!this.#audio || ms < this.#silentUntil) return;
    rtp(this.#audio, ms, {
      marker: false,
      elements: Buffer.of(audioLevelId << 4, 30),
      payload: Buffer.concat([Buffer.of(0xf8), randomBytes(60)]),
    });
  }

  #sendVideo(ms: number): void {
    if (ms < this.#silentUntil) return;
    const key = this.#keyWanted;
    this.#keyWanted = false;
    if (key) this.keyframeSentAt = this.sentAt;
    this.#pictureId = (this.#pictureId + 1) & 0x7fff;
    for (const video of this.#videos) {
      const frame = vp8Frame(key, this.#size, key ? 6000 : 2500);
      for (let at = 0; at < frame.length; at += chunkBytes) {
        const descriptor = Buffer.from([
          at === 0 ? 0x90 : 0x80,
          0x80,
          0x80 | (this.#pictureId >> 8),
          this.#pictureId & 0xff,
        ]);
        const payload = Buffer.concat([descriptor, frame.subarray(at, at + chunkBytes)]);
        rtp(video, ms, { marker: at + chunkBytes >= frame.length, payload });
      }
    }
  }

  #report(): void {
    const elapsed = performance.now() - this.#startedAt;
    const wall = Date.now();
    if (elapsed < this.#silentUntil) return;
    for (const stream of this.#streams) send(stream.track, senderReport(stream, wall, elapsed));
  }
}

const unsent = { packets: 0, octets: 0 };

function numbers(): Pick<Stream, "ssrc" | "sequence" | "base"> {
  return { ssrc: random32(), sequence: random32() & 0xffff, base: random32() };
}

function rtp(
  stream: Stream,
  ms: number,
  parts: { marker: boolean; elements?: Buffer; payload: Buffer },
): void {
  const { marker, elements = Buffer.alloc(0), payload } = parts;
  const extension = headerExtension(Buffer.concat([elements, stream.midElement]));
  const header = Buffer.alloc(12);
  stream.sequence = (stream.sequence + 1) & 0xffff;
  header.writeUInt8(extension.length > 0 ? 0x90 : 0x80, 0);
  header.writeUInt8((marker ? 0x80 : 0) | stream.payloadType, 1);
  header.writeUInt16BE(stream.sequence, 2);
  const timestamp = (stream.base + Math.round((ms * stream.clockRate) / 1000)) >>> 0;
  header.writeUInt32BE(timestamp, 4);
  header.writeUInt32BE(stream.ssrc, 8);
  if (!send(stream.track, Buffer.concat([header, extension, payload]))) return;
  stream.firstRtp ??= timestamp;
  stream.packets++;
  stream.octets += payload.length;
}

/** A one-byte header extension (RFC 8285); empty without elements. */
function headerExtension(elements: Buffer): Buffer {
  if (elements.length === 0) return elements;
  const words = Math.ceil(elements.length / 4);
  const padding = Buffer.alloc(words * 4 - elements.length);
  return Buffer.concat([Buffer.from([0xbe, 0xde, 0, words]), elements, padding]);
}

function send(track: Track, packet: Buffer): boolean {
  try {
    return track.isOpen() && track.sendMessageBinary(packet);
  } catch {
    // The other side closed meanwhile.
    return false;
  }
}

function vp8Frame(
  key: boolean,
  { width, height }: { width: number; height: number },
  bytes: number,
): Buffer {
  const frame = randomBytes(bytes);
  frame.writeUInt8(key ? 0x10 : 0x11, 0);
  if (!key) return frame;
  frame.writeUIntBE(0x9d012a, 3, 3);
  frame.writeUInt16LE(width, 6);
  frame.writeUInt16LE(height, 8);
  return frame;
}

function senderReport(stream: Stream, wall: number, elapsed: number): Buffer {
  const report = Buffer.alloc(28);
  report.writeUInt8(0x80, 0);
  report.writeUInt8(200, 1);
  report.writeUInt16BE(6, 2);
  report.writeUInt32BE(stream.ssrc, 4);
  report.writeUInt32BE(Math.floor(wall / 1000) + 2_208_988_800, 8);
  report.writeUInt32BE(Math.floor(((wall % 1000) / 1000) * 2 ** 32), 12);
  report.writeUInt32BE((stream.base + Math.round((elapsed * stream.clockRate) / 1000)) >>> 0, 16);
  report.writeUInt32BE(stream.packets, 20);
  report.writeUInt32BE(stream.octets, 24);
  return report;
}
