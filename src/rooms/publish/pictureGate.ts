import type { MediaCodec } from "../../core/media.ts";
import { isPictureTooLarge } from "../../core/picture/pictureLimits.ts";
import { cutId } from "../codecs/h264.ts";
import { announcedSizes } from "../codecs/keyframe.ts";

/**
 * Shuts when a key picture is announced that is too large for anybody to decode, and opens when another replaces it: what
 * comes between may refer to it.
 */
export class PictureGate {
  /** Key pictures that were too large. */
  refused = 0;
  #codec: MediaCodec;
  /** What announced them. */
  #tooLarge = new Set<number>();

  constructor(codec: MediaCodec) {
    this.#codec = codec;
  }

  /** Whether a packet with this payload may pass; packets in the order in which they come. */
  passes(payload: Buffer): boolean {
    for (const { id, ...size } of announcedSizes(this.#codec, payload))
      if (isPictureTooLarge(size)) {
        this.#tooLarge.add(id);
        this.refused++;
      } else {
        this.#tooLarge.delete(id);
        this.#tooLarge.delete(cutId);
      }
    return this.#tooLarge.size === 0;
  }
}
