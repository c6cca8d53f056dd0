import type { Result } from "../../../core/result.ts";
import type { CaptureCodec } from "../../../media/format/events.ts";
import { transportSequenceUri } from "../rtp/transportFeedback.ts";
import {
  audioLevelUri,
  clockRates,
  extensionId,
  midOf,
  Refused,
  readOffer,
  sessionLines,
  transportAttributes,
  usableFormats,
} from "./offerParts.ts";
import { attribute, formatAttributes, type MediaSection, type SessionDescription } from "./sdp.ts";

/** One line of media a publisher will send. */
export interface MediaLine {
  mid: string;
  kind: "audio" | "video";
  codec: CaptureCodec;
  payloadType: number;
  /** Hz. */
  clockRate: number;
  /** Header extension id of the audio level (RFC 6464); 0 when not offered. */
  audioLevelId: number;
  /** Header extension id of the transport-wide sequence number; 0 when not offered. */
  transportSequenceId: number;
}

export interface ReducedOffer {
  /** The offer with one codec per line and nothing this receiver does not speak. */
  sdp: string;
  lines: MediaLine[];
}

export const maxOfferBytes = 64 * 1024;
const maxLines = { audio: 1, video: 2 } as const;

/**
 * Reduces a WHIP offer to what is received: one audio line (Opus) and up to two video lines (VP8 or H.264,
 * whichever the publisher prefers), without retransmission streams or candidates.
 */
export function reduceOffer(offer: string): Result<ReducedOffer> {
  return readOffer(offer, maxOfferBytes, reduce);
}

function reduce(session: SessionDescription): ReducedOffer {
  const lines = session.media.map((section) => mediaLine(section, session.media.length));
  for (const kind of ["audio", "video"] as const) {
    const count = lines.filter((line) => line.kind === kind).length;
    if (count > maxLines[kind])
      throw new Refused("too_many_tracks", `At most ${maxLines[kind]} ${kind} lines.`);
  }
  const sections = session.media.map((section, i) => reducedSection(section, lines[i], session));
  const mids = lines.map(({ mid }) => mid);
  const sdp = [...sessionLines(session, mids), ...sections.flat()].join("\r\n").concat("\r\n");
  return { sdp, lines };
}

function mediaLine(section: MediaSection, sections: number): MediaLine {
  const { kind, attributes } = section;
  if (kind !== "audio" && kind !== "video")
    throw new Refused("unsupported_media", "Only audio and video are accepted.");
  if (
    attribute(attributes, "recvonly") !== undefined ||
    attribute(attributes, "inactive") !== undefined
  ) {
    throw new Refused("not_sending", `The ${kind} line does not send.`);
  }
  if (attributes.some((line) => line.startsWith("rid:") || line.startsWith("simulcast:"))) {
    throw new Refused("simulcast", "Simulcast is not accepted: publish one encoding.");
  }
  // With several lines, packets are told apart by their announced SSRC.
  if (sections > 1 && attribute(attributes, "ssrc") === undefined) {
    throw new Refused("ssrc_missing", `The ${kind} line announces no SSRC.`);
  }
  return {
    mid: midOf(section),
    kind,
    ...chooseCodec(section, kind),
    audioLevelId: kind === "audio" ? extensionId(section, audioLevelUri) : 0,
    transportSequenceId: extensionId(section, transportSequenceUri),
  };
}

function chooseCodec(
  section: MediaSection,
  kind: MediaLine["kind"],
): Pick<MediaLine, "codec" | "payloadType" | "clockRate"> {
  const [best] = usableFormats(section, kind);
  if (best) {
    const { codec, payloadType } = best;
    return { codec, payloadType, clockRate: clockRates[kind] };
  }
  const usable = kind === "audio" ? "Opus" : "VP8 or H.264 (packetization mode 1)";
  throw new Refused("no_usable_codec", `The ${kind} line offers no ${usable}.`);
}

function reducedSection(
  section: MediaSection,
  line: MediaLine | undefined,
  session: SessionDescription,
): string[] {
  if (!line) return [];
  const format = String(line.payloadType);
  const attributes = [...transportAttributes(section, session), "sendonly"];
  if (line.audioLevelId > 0) attributes.push(`extmap:${line.audioLevelId} ${audioLevelUri}`);
  if (line.transportSequenceId > 0)
    attributes.push(`extmap:${line.transportSequenceId} ${transportSequenceUri}`);
  for (const name of ["rtpmap", "fmtp"]) {
    attributes.push(
      ...formatAttributes(section, name, format).map((value) => `${name}:${format} ${value}`),
    );
  }
  attributes.push(...feedback(section, format), ...primarySources(section));
  return [
    `m=${line.kind} 9 UDP/TLS/RTP/SAVPF ${format}`,
    "c=IN IP4 0.0.0.0",
    ...attributes.map((text) => `a=${text}`),
  ];
}

function feedback(section: MediaSection, format: string): string[] {
  const spoken = ["nack", "nack pli", "ccm fir", "goog-remb", "transport-cc"];
  const offered = [
    ...formatAttributes(section, "rtcp-fb", format),
    ...formatAttributes(section, "rtcp-fb", "*"),
  ];
  return spoken.filter((kind) => offered.includes(kind)).map((kind) => `rtcp-fb:${format} ${kind}`);
}

/** SSRC lines without those of retransmission and repair streams. */
function primarySources(section: MediaSection): string[] {
  const secondary = new Set(
    section.attributes
      .filter((line) => /^ssrc-group:(FID|FEC-FR) /.test(line))
      .flatMap((line) => line.split(" ").slice(2)),
  );
  return section.attributes.filter((line) => {
    const source = /^ssrc:(\d+)/.exec(line)?.[1];
    return source !== undefined && !secondary.has(source);
  });
}
