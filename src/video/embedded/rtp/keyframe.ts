import type { CaptureCodec } from "../../../media/format/events.ts";
import { startsH264Keyframe, startsIdrSlice } from "./h264.ts";
import { startsVp8Keyframe } from "./vp8.ts";

/** Whether a decoder can begin with this payload. */
export function startsKeyframe(codec: CaptureCodec, payload: Buffer): boolean {
  if (codec === "VP8") return startsVp8Keyframe(payload);
  return codec === "opus" || startsH264Keyframe(payload);
}

/** Whether a keyframe's picture itself begins with this payload, or a slice of it; not what may stand in front of it. */
export function startsKeyPicture(codec: CaptureCodec, payload: Buffer): boolean {
  if (codec === "VP8") return startsVp8Keyframe(payload);
  return codec === "H264" && startsIdrSlice(payload);
}
