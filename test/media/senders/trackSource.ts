import { writeSenderReport } from "../../../src/synth/transport/rtcp.ts";
import { writeRtp } from "../../../src/synth/transport/rtp.ts";
import type { Network } from "./network.ts";
import { Numbering } from "./numbering.ts";
import type { AudioScript, VideoScript } from "./script.ts";
import type { VirtualTime } from "./virtualTime.ts";

/** A packet on its way. */
export interface SentPacket {
  /** When its first copy arrived. */
  arrivedMs?: number;
  /** It had to be sent again. */
  lost?: boolean;
}

export interface Outgoing {
  payload: Buffer;
  marker: boolean;
  /** Audio level byte (RFC 6464). */
  level?: number;
}

export interface TrackParts {
  script: AudioScript | VideoScript;
  payloadType: number;
  /** Hz. */
  clockRate: number;
  network: Network;
  time: VirtualTime;
  /** Hands a packet to the server. */
  deliver: (packet: Buffer) => void;
}

export const levelExtension = 1;
/** Packets that can be sent again. */
const stored = 2048;

/** One track of a sender on the wire: numbers, sends, sends again, reports. */
export class TrackSource {
  #parts: TrackParts;
  #numbering: Numbering;
  #store = new Map<number, { buffer: Buffer; sent: SentPacket }>();
  #counts = { packets: 0, octets: 0 };

  constructor(parts: TrackParts) {
    this.#parts = parts;
    this.#numbering = new Numbering(parts.script, parts.clockRate);
  }

  /** Sends what was captured at `ms`, when it is encoded. */
  send(ms: number, { payload, marker, level }: Outgoing): SentPacket {
    const { payloadType, script } = this.#parts;
    const sequence = this.#numbering.takeSequence(ms);
    const [ssrc, timestamp] = [this.#numbering.ssrcAt(ms), this.#numbering.timestampAt(ms)];
    const extension =
      level === undefined ? {} : { extension: { id: levelExtension, value: level } };
    const header = { payloadType, marker, sequence, timestamp, ssrc, ...extension };
    const buffer = writeRtp(header, payload);
    const sent: SentPacket = {};
    this.#counts.packets++;
    this.#counts.octets += payload.length;
    this.#store.set(sequence, { buffer, sent });
    this.#store.delete((sequence - stored) & 0xffff);
    this.#transmit(ms + script.encodeMs, buffer, sent);
    return sent;
  }

  /** Sends again what is asked for, if that was negotiated. */
  resend(sequences: readonly number[]): void {
    if (!this.#parts.script.nack) return;
    for (const sequence of sequences) {
      const found = this.#store.get(sequence);
      if (found) this.#transmit(this.#parts.time.nowMs, found.buffer, found.sent);
    }
  }

  /** Says what it is on the sender's clock (epoch ms) now; `mediaOffMs` is how far the RTP time it names is off. */
  report(ms: number, senderTime: number, mediaOffMs: number): void {
    if (this.#counts.packets === 0) return;
    const [ssrc, timestamp] = [
      this.#numbering.ssrcAt(ms),
      this.#numbering.timestampAt(ms, mediaOffMs),
    ];
    const report = writeSenderReport(
      { ssrc, cname: "sender", timestamp, ...this.#counts },
      senderTime,
    );
    this.#parts.network.sendReport(ms, () => this.#parts.deliver(report));
  }

  bye(ms: number): void {
    const packet = Buffer.alloc(8);
    packet.writeUInt32BE(0x81cb0001, 0);
    packet.writeUInt32BE(this.#numbering.ssrcAt(ms), 4);
    this.#parts.network.sendReport(ms, () => this.#parts.deliver(packet));
  }

  #transmit(atMs: number, buffer: Buffer, sent: SentPacket): void {
    const { network, time, deliver } = this.#parts;
    const passes = network.send(atMs, () => {
      sent.arrivedMs ??= time.nowMs;
      // The server may write into what it is given.
      deliver(Buffer.from(buffer));
    });
    if (!passes) sent.lost = true;
  }
}
