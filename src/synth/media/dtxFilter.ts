import type { AudioPacket } from "./mediaLoop.ts";

/** Silent packets still sent after sound: the decoder fades out on them. */
const hangover = 5;

/** Of a longer silence one packet in twenty is sent, which is every 400 ms, as Opus does. */
const keepEvery = 20;

/** Decides which packets discontinuous transmission leaves out. */
export class DtxFilter {
  #silent = 0;
  #leftOut = false;

  /** `first`: sound begins after packets that were left out. */
  decide(packet: AudioPacket, on: boolean): { send: boolean; first: boolean } {
    this.#silent = packet.levelDbov <= -127 ? this.#silent + 1 : 0;
    const send = !on || this.#silent <= hangover || this.#silent % keepEvery === 0;
    const first = send && this.#leftOut && this.#silent === 0;
    if (!send) this.#leftOut = true;
    else if (this.#silent === 0) this.#leftOut = false;
    return { send, first };
  }
}
