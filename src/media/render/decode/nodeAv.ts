/**
 * The only way to node-av: it calls Promise.withResolvers, and it must never be loaded by the server itself. Two of its
 * traps shape the code around here: a Dictionary given to a codec is freed twice, so options are set one by one; and
 * JavaScript never writes into native frame memory, it only reads from it.
 */
import "../../../core/withResolvers.ts";

export * as constants from "node-av/constants";
export {
  Codec,
  CodecContext,
  FFmpegError,
  Filter,
  type FilterContext,
  FilterGraph,
  FormatContext,
  Frame,
  Log,
  Packet,
  Rational,
  SoftwareResampleContext,
  SoftwareScaleContext,
  type Stream,
} from "node-av/lib";
