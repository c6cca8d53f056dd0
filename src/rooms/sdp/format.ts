import type { CaptureCodec } from "../../media/format/log/events.ts";

/** A payload type as the other side numbered it. */
export interface Format {
  codec: CaptureCodec;
  payloadType: number;
  /** Value of its `fmtp`. */
  parameters?: string;
}
