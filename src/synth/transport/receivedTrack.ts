import {
  type ReceptionState,
  writeNack,
  writePictureLoss,
  writeReceiverReport,
} from "./receiverReports.ts";

export interface ReceivedCounts {
  packets: number;
  bytes: number;
  /** Packets of a stretch that began and ended here which never came. */
  missing: number;
  /** Packets asked for again. */
  nacked: number;
  /** Video frames, complete or not. */
  frames: number;
  keyframes: number;
  senderReports: number;
}

/** A hole that stays open longer is given up, ms. */
const giveUpMs = 1500;
const repeatMs = 100;
/** More at once is no loss but a new stream. */
const maxHole = 1000;

/** What arrives on one track of a subscriber: counts it and asks for what is missing. No decoding. */
export class ReceivedTrack {
  readonly kind: "audio" | "video";
  readonly counts: ReceivedCounts = {
    packets: 0,
    bytes: 0,
    missing: 0,
    nacked: 0,
    frames: 0,
    keyframes: 0,
    senderReports: 0,
  };
  /** The latest packet's. */
  payloadType: number | undefined;
  timestamp: number | undefined;
  ssrc: number | undefined;
  /** Monotonic ms of the first packet. */
  firstAt: number | undefined;
  /** NTP and RTP time of the latest sender report. */
  senderReport: { ntp: bigint; rtp: number } | undefined;
  #highest: number | undefined;
  #holes = new Map<number, { since: number; askedAt: number }>();
  #own: number;
  #send: (rtcp: Buffer) => void;
  #reported = { packets: 0, highest: 0 };
  #asks: boolean;
  #filling = false;

  /** `asks`: whether lost packets are asked for again. */
  constructor(
    kind: "audio" | "video",
    { own, asks, send }: { own: number; asks: boolean; send: (rtcp: Buffer) => void },
  ) {
    this.kind = kind;
    this.#own = own;
    this.#asks = asks;
    this.#send = send;
  }

  /** Packets that may still come. */
  get open(): number {
    return this.#holes.size;
  }

  receive(packet: Buffer, now: number): void {
    const type = packet[1] ?? 0;
    if (type >= 192 && type <= 223) {
      this.#control(packet);
      return;
    }
    this.firstAt ??= now;
    this.ssrc = packet.readUInt32BE(8);
    this.payloadType = type & 0x7f;
    this.timestamp = packet.readUInt32BE(4);
    this.counts.packets++;
    this.counts.bytes += packet.length;
    if (this.kind === "video") this.#countFrame(packet, type >= 128);
    this.#place(packet.readUInt16BE(2), now);
  }

  /** Repeats requests and gives up; to be called every few ten ms. */
  tick(now: number): void {
    const due: number[] = [];
    for (const [sequence, hole] of this.#holes) {
      if (now - hole.since >= giveUpMs) {
        this.#holes.delete(sequence);
        this.counts.missing++;
      } else if (this.#asks && now - hole.askedAt >= repeatMs) {
        hole.askedAt = now;
        due.push(sequence);
      }
    }
    if (due.length === 0 || this.ssrc === undefined) return;
    this.counts.nacked += due.length;
    this.#send(writeNack(this.#own, this.ssrc, due));
  }

  /** This process itself was not running for `ms`: what is missing may wait to be read. */
  forgive(ms: number): void {
    for (const hole of this.#holes.values()) hole.since += ms;
  }

  /** Reports the time since the last report. */
  report(): void {
    if (this.ssrc === undefined || this.#highest === undefined) return;
    const expected = this.#highest - this.#reported.highest;
    const came = this.counts.packets - this.#reported.packets;
    this.#reported = { packets: this.counts.packets, highest: this.#highest };
    const state: ReceptionState = {
      ssrc: this.ssrc,
      fractionLost: expected > 0 ? Math.max(0, (expected - came) / expected) : 0,
      lost: this.counts.missing,
      highestSequence: this.#highest,
    };
    this.#send(writeReceiverReport(this.#own, state));
  }

  /** From now on only what is still missing is taken. */
  fill(): void {
    this.#filling = true;
  }

  requestKeyframe(): void {
    if (this.ssrc !== undefined) this.#send(writePictureLoss(this.#own, this.ssrc));
  }

  #place(sequence: number, now: number): void {
    const highest = this.#highest;
    if (highest === undefined) {
      this.#highest = sequence;
      this.#reported.highest = sequence - 1;
      return;
    }
    const ahead = ((sequence - highest + 0x8000) & 0xffff) - 0x8000;
    if (ahead <= 0 || this.#filling) {
      this.#holes.delete(highest + ahead);
      return;
    }
    for (let hole = highest + 1; hole < highest + ahead && ahead < maxHole; hole++)
      this.#holes.set(hole, { since: now, askedAt: Number.NEGATIVE_INFINITY });
    this.#highest = highest + ahead;
    if (this.#holes.size > 0) this.tick(now);
  }

  #countFrame(packet: Buffer, marker: boolean): void {
    if (marker) this.counts.frames++;
    if (startsVp8Keyframe(packet)) this.counts.keyframes++;
  }

  #control(compound: Buffer): void {
    for (let at = 0; at + 4 <= compound.length; ) {
      const end = at + 4 * (compound.readUInt16BE(at + 2) + 1);
      if (compound[at + 1] === 200 && end <= compound.length) {
        this.counts.senderReports++;
        this.senderReport = {
          ntp: compound.readBigUInt64BE(at + 8),
          rtp: compound.readUInt32BE(at + 16),
        };
      }
      at = end;
    }
  }
}

/** Of a packet with the 4-byte descriptor that `packetizeVp8` writes. */
function startsVp8Keyframe(packet: Buffer): boolean {
  const first = packet[0] ?? 0;
  const extension = 12 + (first & 15) * 4;
  const at =
    (first & 16) === 0 ? extension : extension + 4 + packet.readUInt16BE(extension + 2) * 4;
  const [descriptor = 0, flags = 0] = packet.subarray(at, at + 2);
  return descriptor === 0x90 && flags === 0x80 && ((packet[at + 4] ?? 1) & 1) === 0;
}
