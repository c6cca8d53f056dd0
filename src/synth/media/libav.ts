// The one way to node-av: it calls Promise.withResolvers.
import "../../core/withResolvers.ts";

export * as constants from "node-av/constants";
export {
  Codec,
  CodecContext,
  FFmpegError,
  FormatContext,
  Frame,
  Log,
  Packet,
  Rational,
} from "node-av/lib";
