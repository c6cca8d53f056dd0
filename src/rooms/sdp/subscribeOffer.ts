import type { Result } from "../../core/result.ts";
import type { Format } from "./format.ts";
import {
  audioLevelUri,
  bundled,
  clockRates,
  extensionId,
  midOf,
  only,
  Refused,
  readOffer,
  sessionLines,
  transportAttributes,
  ufragOf,
  usableFormats,
} from "./offerParts.ts";
import { attribute, formatAttributes, type MediaSection, type SessionDescription } from "./sdp.ts";

/** One line of media a subscriber will receive; the i-th line of a kind belongs to slot i. */
export interface ReceivingLine {
  mid: string;
  kind: "audio" | "video";
  /** At most one of each codec. */
  formats: Format[];
  /** Header extension id of the audio level (RFC 6464); 0 when not offered. */
  audioLevelId: number;
  /** Lost packets may be asked for again. */
  nack: boolean;
}

export interface SubscriptionOffer {
  /** The offer without candidates and what is not spoken here. */
  sdp: string;
  lines: ReceivingLine[];
  /** ICE user fragment of whoever offers. */
  clientUfrag: string;
}

/** Ten slots of a browser that offers all it can. */
export const maxSubscriptionBytes = 256 * 1024;
const maxSlots = 16;
const channelFormat = "webrtc-datachannel";

/** Reads a WHEP offer: audio and video lines that receive, and at most one data channel line. */
export function readSubscription(offer: string): Result<SubscriptionOffer> {
  return readOffer(offer, maxSubscriptionBytes, read);
}

function read(session: SessionDescription): SubscriptionOffer {
  if (session.media.length > 1 && !bundled(session, session.media.map(midOf)))
    throw new Refused("bundle_required", "All media lines must be bundled.");
  const media = session.media.filter(({ kind }) => kind !== "application");
  const [first] = media;
  if (!first) throw new Refused("no_media", "The offer has no audio or video line.");
  if (session.media.length - media.length > 1)
    throw new Refused("unsupported_media", "At most one data channel line is accepted.");
  const lines = media.map(receivingLine);
  for (const kind of ["audio", "video"] as const) {
    if (lines.filter((line) => line.kind === kind).length > maxSlots)
      throw new Refused("too_many_tracks", `At most ${maxSlots} ${kind} lines.`);
  }
  const sections = session.media.map((section) =>
    section.kind === "application"
      ? channelSection(section, session)
      : mediaSection(section, lines[media.indexOf(section)], session),
  );
  const head = sessionLines(session, session.media.map(midOf));
  return {
    sdp: [...head, ...sections.flat()].join("\r\n").concat("\r\n"),
    lines,
    clientUfrag: ufragOf(session, first),
  };
}

function receivingLine(section: MediaSection): ReceivingLine {
  const { kind, attributes } = section;
  if (kind !== "audio" && kind !== "video")
    throw new Refused("unsupported_media", "Only audio, video and a data channel are accepted.");
  if (["sendonly", "inactive"].some((flag) => attribute(attributes, flag) !== undefined))
    throw new Refused("not_receiving", `The ${kind} line does not receive.`);
  const formats = oneOfEach(usableFormats(section, kind));
  const [first] = formats;
  if (!first) {
    const usable = kind === "audio" ? "Opus" : "VP8 or H.264 (packetization mode 1)";
    throw new Refused("no_usable_codec", `The ${kind} line takes no ${usable}${only(section)}.`);
  }
  return {
    mid: midOf(section),
    kind,
    formats,
    audioLevelId: kind === "audio" ? extensionId(section, audioLevelUri) : 0,
    nack: feedbackOf(section, first).includes("nack"),
  };
}

/** Of several H.264 profiles the constrained baseline: everyone decodes it. */
function oneOfEach(formats: readonly Format[]): Format[] {
  const baseline = ({ parameters = "" }: Format) => /profile-level-id=42e0/i.test(parameters);
  const ordered = [...formats.filter(baseline), ...formats.filter((one) => !baseline(one))];
  const chosen = new Map<string, Format>();
  for (const format of ordered) if (!chosen.has(format.codec)) chosen.set(format.codec, format);
  return formats.filter((format) => chosen.get(format.codec) === format);
}

function feedbackOf(section: MediaSection, { payloadType }: Format): string[] {
  return [String(payloadType), "*"].flatMap((format) =>
    formatAttributes(section, "rtcp-fb", format),
  );
}

function mediaSection(
  section: MediaSection,
  line: ReceivingLine | undefined,
  session: SessionDescription,
): string[] {
  if (!line) return [];
  const channels = line.kind === "audio" ? "/2" : "";
  const attributes = line.formats.flatMap(({ codec, payloadType, parameters }) => [
    `rtpmap:${payloadType} ${codec}/${clockRates[line.kind]}${channels}`,
    ...(parameters === undefined ? [] : [`fmtp:${payloadType} ${parameters}`]),
  ]);
  const formats = line.formats.map(({ payloadType }) => payloadType).join(" ");
  return [
    `m=${line.kind} 9 UDP/TLS/RTP/SAVPF ${formats}`,
    "c=IN IP4 0.0.0.0",
    ...[...transportAttributes(section, session), "recvonly", ...attributes].map(
      (text) => `a=${text}`,
    ),
  ];
}

function channelSection(section: MediaSection, session: SessionDescription): string[] {
  const { protocol, formats, attributes } = section;
  if (protocol !== "UDP/DTLS/SCTP" || formats[0] !== channelFormat)
    throw new Refused("unsupported_media", "The data channel line is not of this kind.");
  const port = Number(attribute(attributes, "sctp-port") ?? 5000);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new Refused("sdp_malformed", "The data channel line has no usable port.");
  return [
    `m=application 9 UDP/DTLS/SCTP ${channelFormat}`,
    "c=IN IP4 0.0.0.0",
    ...transportAttributes(section, session).map((text) => `a=${text}`),
    `a=sctp-port:${port}`,
    "a=max-message-size:262144",
  ];
}
