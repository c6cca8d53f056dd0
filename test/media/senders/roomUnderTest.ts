import { silentLog } from "../../../src/core/log.ts";
import { Captures } from "../../../src/rooms/capture/captures.ts";
import type { Peer, PeerTrack } from "../../../src/rooms/peer/peer.ts";
import { PresenceBook } from "../../../src/rooms/presence/presenceBook.ts";
import { Revocations } from "../../../src/rooms/presence/revocations.ts";
import { Rooms } from "../../../src/rooms/rooms.ts";
import { transportAnswer } from "../../support/transportAnswer.ts";
import type { SenderScript } from "./script.ts";
import { payloadTypes } from "./sender.ts";
import { levelExtension } from "./trackSource.ts";
import type { VirtualTime } from "./virtualTime.ts";

export const recordingId = "recording_senders";
const roomId = "room_senders";
/** As in production: how often the room looks after its sessions, and what it tolerates, ms. */
export const tickMs = 40;
const options = {
  ...{ pendingMs: 10_000, silenceMs: 4000, videoKbps: 2500, maxKbps: 30_000, startKbps: 1500 },
  ...{ maxParticipants: 8, maxPublishers: 8, maxSubscribers: 8, subscriberSilenceMs: 10_000 },
};
const mids = { audio: "0", video: "1" } as const;

type Kind = "audio" | "video";

/** The transport of one sender, without a network. */
class DirectPeer implements Peer {
  #listener: (packet: Buffer) => void = () => undefined;
  #onTrack: (track: PeerTrack) => void = () => undefined;
  #onConnected: () => void = () => undefined;
  #toSender: (kind: Kind, rtcp: Buffer) => void = () => undefined;
  /** Which line an SSRC is of, by what was sent. */
  #kinds = new Map<number, Kind>();

  connect(toSender: (kind: Kind, rtcp: Buffer) => void): void {
    this.#toSender = toSender;
    this.#onConnected();
  }

  deliver(kind: Kind, packet: Buffer): void {
    const isRtcp = packet.readUInt8(1) >= 192 && packet.readUInt8(1) <= 223;
    this.#kinds.set(packet.readUInt32BE(isRtcp ? 4 : 8), kind);
    this.#listener(packet);
  }

  onTrack(listener: (track: PeerTrack) => void): void {
    this.#onTrack = listener;
  }

  onConnected(listener: () => void): void {
    this.#onConnected = listener;
  }

  onClosed(): void {}

  onChannel(): void {}

  addTrack(): never {
    throw new Error("a publisher is sent nothing");
  }

  async answer(): Promise<string> {
    this.#onTrack({
      mid: mids.audio,
      onMessage: (listener) => {
        this.#listener = listener;
      },
      send: (rtcp) => {
        for (const ssrc of sourcesOf(rtcp)) {
          const kind = this.#kinds.get(ssrc);
          if (kind) this.#toSender(kind, rtcp);
        }
        return true;
      },
    });
    return transportAnswer;
  }

  close(): void {
    this.#listener = () => undefined;
  }
}

/** The streams that the feedback in a compound RTCP packet is about. */
function sourcesOf(compound: Buffer): Set<number> {
  const sources = new Set<number>();
  for (let at = 0; at + 12 <= compound.length; at += 4 * (compound.readUInt16BE(at + 2) + 1))
    if ([205, 206].includes(compound.readUInt8(at + 1))) sources.add(compound.readUInt32BE(at + 8));
  return sources;
}

/** The room process's rooms and captures, without sockets. */
export class RoomUnderTest {
  readonly captures: Captures;
  readonly #rooms: Rooms;
  readonly #time: VirtualTime;
  readonly #peers = new Map<string, DirectPeer>();

  constructor(recordingsDir: string, time: VirtualTime) {
    this.#time = time;
    const { clock, monotonic: now } = time;
    let ids = 0;
    this.#rooms = new Rooms(options, {
      peers: (name) => this.#newPeer(name),
      presence: new PresenceBook([], clock.now),
      revocations: new Revocations({}, clock.now),
      ...{ log: silentLog, now, newId: () => `session${++ids}`, random32: () => 0x0ff1ce },
    });
    this.captures = new Captures(
      { recordingsDir, diskFloorBytes: 0, diskShare: 100 },
      { clock, log: silentLog, now, freeBytes: async () => 1e12 },
      (id) => this.#rooms.open(id),
    );
  }

  /** Lets a sender publish; returns where its packets go. */
  async admit(script: SenderScript): Promise<DirectPeer> {
    const id = userOf(script);
    await this.#rooms.publish({
      ...{ roomId, user: { id, name: id }, role: "participant", maxParticipants: 8 },
      ...{ issuedAt: this.#time.clock.now(), source: "camera", offer: offerOf(script) },
    });
    const peer = this.#peers.get(`${roomId}/${id}`);
    if (!peer) throw new Error("the room took no transport");
    return peer;
  }

  tick(): void {
    const now = this.#time.monotonic();
    this.#rooms.tick(now);
    this.captures.tick(now);
  }

  async record(): Promise<void> {
    await this.captures.start({ recordingId, roomId, maxDurationMs: 3_600_000 });
  }

  #newPeer(name: string): DirectPeer {
    const peer = new DirectPeer();
    this.#peers.set(name, peer);
    return peer;
  }
}

export type { DirectPeer };

export function userOf({ participant }: Pick<SenderScript, "participant">): string {
  return `user${participant}`;
}

/** What the sender offers by WHIP. */
function offerOf({ audio, video }: SenderScript): string {
  const transport = [
    "a=ice-ufrag:abcd",
    "a=ice-pwd:0123456789012345678901",
    "a=fingerprint:sha-256 AB:CD",
    ...["a=setup:actpass", "a=rtcp-mux", "a=sendonly"],
  ];
  const source = (kind: "audio" | "video", ssrc: number) => [
    `a=ssrc:${ssrc} cname:sender`,
    `a=msid:sender ${kind}`,
  ];
  const opus = payloadTypes.opus;
  const picture = payloadTypes[video.codec];
  const h264 = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f";
  return [
    ...["v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0 1"],
    ...[`m=audio 9 UDP/TLS/RTP/SAVPF ${opus}`, ...transport, `a=mid:${mids.audio}`],
    `a=extmap:${levelExtension} urn:ietf:params:rtp-hdrext:ssrc-audio-level`,
    ...[`a=rtpmap:${opus} opus/48000/2`, ...(audio.nack ? [`a=rtcp-fb:${opus} nack`] : [])],
    ...source("audio", audio.numbers.ssrc),
    ...[`m=video 9 UDP/TLS/RTP/SAVPF ${picture}`, ...transport, `a=mid:${mids.video}`],
    `a=rtpmap:${picture} ${video.codec}/90000`,
    ...(video.codec === "H264" ? [`a=fmtp:${picture} ${h264}`] : []),
    ...(video.nack ? [`a=rtcp-fb:${picture} nack`] : []),
    ...(video.answersAfterMs === undefined ? [] : [`a=rtcp-fb:${picture} nack pli`]),
    ...[...source("video", video.numbers.ssrc), ""],
  ].join("\r\n");
}
