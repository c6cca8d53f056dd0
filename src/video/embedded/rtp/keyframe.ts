import type { CaptureCodec } from "../../../media/format/events.ts";
import { startsH264Keyframe } from "./h264.ts";
import { startsVp8Keyframe } from "./vp8.ts";

/** Whether a decoder can begin with this payload. */
export function startsKeyframe(codec: CaptureCodec, payload: Buffer): boolean {
  if (codec === "VP8") return startsVp8Keyframe(payload);
  return codec === "opus" || startsH264Keyframe(payload);
}
