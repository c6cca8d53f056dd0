import { writeSenderReport } from "./rtcp.ts";
import { writeRtp } from "./rtp.ts";

export interface RtpStreamOptions {
  ssrc: number;
  cname: string;
  payloadType: number;
  clockRate: number;
  /** Where numbering begins. */
  firstSequence: number;
  firstTimestamp: number;
  /** Hands a packet to the transport; false when it was not taken. */
  send: (packet: Buffer) => boolean;
}

export interface PacketOptions {
  /** Media time, ms since time zero of the stream. */
  ms: number;
  marker: boolean;
  extension?: { id: number; value: number };
}

/** One outgoing RTP stream: numbers, times and counts its packets. */
export class RtpStream {
  readonly #options: RtpStreamOptions;
  #sequence: number;
  #packets = 0;
  #octets = 0;
  #refused = 0;

  constructor(options: RtpStreamOptions) {
    this.#options = options;
    this.#sequence = options.firstSequence;
  }

  /** `refused`: packets the transport did not take. */
  get counts(): { packets: number; octets: number; refused: number } {
    return { packets: this.#packets, octets: this.#octets, refused: this.#refused };
  }

  timestampAt(ms: number): number {
    const { firstTimestamp, clockRate } = this.#options;
    return (firstTimestamp + Math.round((ms * clockRate) / 1000)) >>> 0;
  }

  send(payload: Buffer, { ms, ...fields }: PacketOptions): void {
    const { ssrc, payloadType } = this.#options;
    const timestamp = this.timestampAt(ms);
    const header = { ...fields, ssrc, payloadType, timestamp, sequence: this.#sequence };
    this.#sequence = (this.#sequence + 1) & 0xffff;
    if (!this.#options.send(writeRtp(header, payload))) this.#refused++;
    this.#packets++;
    this.#octets += payload.length;
  }

  /** Tells the receiver which RTP timestamp `ms` is, and that it is `now` (epoch ms) on the sender's clock. */
  report(ms: number, now: number): void {
    const { ssrc, cname, send } = this.#options;
    const counts = { packets: this.#packets, octets: this.#octets };
    send(writeSenderReport({ ssrc, cname, timestamp: this.timestampAt(ms), ...counts }, now));
  }
}
