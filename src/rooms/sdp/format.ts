import type { MediaCodec } from "../../core/media.ts";

/** A payload type as the other side numbered it. */
export interface Format {
  codec: MediaCodec;
  payloadType: number;
  /** Value of its `fmtp`. */
  parameters?: string;
}
