import type { MediaCodec } from "../../core/media.ts";
import { announcedH264Sizes, startsH264Keyframe, startsIdrSlice } from "./h264.ts";
import type { PictureSize } from "./h264Sps.ts";
import { announcedVp8Size, startsVp8Keyframe } from "./vp8.ts";

/** Whether a decoder can begin with this payload. */
export function startsKeyframe(codec: MediaCodec, payload: Buffer): boolean {
  if (codec === "VP8") return startsVp8Keyframe(payload);
  return codec === "opus" || startsH264Keyframe(payload);
}

/** The sizes that pictures may have from this payload on, px, by what they refer to. */
export function announcedSizes(
  codec: MediaCodec,
  payload: Buffer,
): (PictureSize & { id: number })[] {
  if (codec === "H264") return announcedH264Sizes(payload);
  const size = codec === "VP8" ? announcedVp8Size(payload) : undefined;
  return size ? [{ id: 0, ...size }] : [];
}

/** Whether a keyframe's picture itself begins with this payload, or a slice of it; not what may stand in front of it. */
export function startsKeyPicture(codec: MediaCodec, payload: Buffer): boolean {
  if (codec === "VP8") return startsVp8Keyframe(payload);
  return codec === "H264" && startsIdrSlice(payload);
}
