import type { Depacketizer, EncodedFrame, Placement } from "./depacketizer.ts";

/** Opus (RFC 7587): every packet is a frame. */
export class OpusDepacketizer implements Depacketizer {
  #packet: Buffer | undefined;

  startsFrame(): boolean {
    return true;
  }

  placement(): Placement {
    return { startsFrame: true, unreferenced: true, goesOn: false };
  }

  add(payload: Buffer): boolean {
    this.#packet = payload;
    return true;
  }

  salvage(): void {}

  gap(): void {}

  finish(): EncodedFrame | undefined {
    const data = this.#packet;
    this.#packet = undefined;
    return data === undefined ? undefined : { data, key: true };
  }

  reset(): void {
    this.#packet = undefined;
  }
}
