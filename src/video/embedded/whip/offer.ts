import { AppError } from "../../../core/errors.ts";
import { ok, type Result, refuse } from "../../../core/result.ts";
import type { CaptureCodec } from "../../../media/format/events.ts";
import {
  attribute,
  formatAttributes,
  type MediaSection,
  parseSdp,
  type SessionDescription,
} from "./sdp.ts";

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
}

export interface ReducedOffer {
  /** The offer with one codec per line and nothing this receiver does not speak. */
  sdp: string;
  lines: MediaLine[];
}

export const maxOfferBytes = 64 * 1024;
const maxLines = { audio: 1, video: 2 } as const;
const audioLevelUri = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
const codecs: Record<string, { kind: MediaLine["kind"]; codec: CaptureCodec; clockRate: number }> =
  {
    "opus/48000": { kind: "audio", codec: "opus", clockRate: 48_000 },
    "vp8/90000": { kind: "video", codec: "VP8", clockRate: 90_000 },
    "h264/90000": { kind: "video", codec: "H264", clockRate: 90_000 },
  };
/** Kept as they are; all else is left out, candidates above all: this server never calls out. */
const keptAttributes = ["ice-ufrag", "ice-pwd", "fingerprint", "setup", "mid", "msid", "rtcp-mux"];

const invalid = (reason: string, message: string): AppError =>
  new AppError("VALIDATION_ERROR", message, { field: "sdp", reason });

class Refused extends Error {
  readonly error: AppError;
  constructor(reason: string, message: string) {
    super(message);
    this.error = invalid(reason, message);
  }
}

/**
 * Reduces a WHIP offer to what is received: one audio line (Opus) and up to two video lines (VP8 or H.264,
 * whichever the publisher prefers), without retransmission streams, congestion feedback or candidates.
 */
export function reduceOffer(offer: string): Result<ReducedOffer> {
  if (Buffer.byteLength(offer) > maxOfferBytes) {
    return refuse(invalid("sdp_too_large", `The offer is larger than ${maxOfferBytes} bytes.`));
  }
  const session = parseSdp(offer);
  if (!session) return refuse(invalid("sdp_malformed", "The offer is not a session description."));
  try {
    return ok(reduce(session));
  } catch (error) {
    if (error instanceof Refused) return refuse(error.error);
    throw error;
  }
}

function reduce(session: SessionDescription): ReducedOffer {
  checkSession(session);
  const lines = session.media.map((section) => mediaLine(section, session.media.length));
  for (const kind of ["audio", "video"] as const) {
    const count = lines.filter((line) => line.kind === kind).length;
    if (count > maxLines[kind])
      throw new Refused("too_many_tracks", `At most ${maxLines[kind]} ${kind} lines.`);
  }
  if (new Set(lines.map((line) => line.mid)).size !== lines.length) {
    throw new Refused("sdp_malformed", "Two media lines have the same mid.");
  }
  const sections = session.media.map((section, i) => reducedSection(section, lines[i], session));
  return {
    sdp: [...sessionLines(session, lines), ...sections.flat()].join("\r\n").concat("\r\n"),
    lines,
  };
}

function checkSession(session: SessionDescription): void {
  if (session.media.length === 0) throw new Refused("no_media", "The offer has no media line.");
  if (session.media.length > 1 && !attribute(session.attributes, "group")?.startsWith("BUNDLE")) {
    throw new Refused("bundle_required", "All media lines must be bundled.");
  }
  for (const section of session.media) {
    for (const name of ["ice-ufrag", "ice-pwd", "fingerprint"]) {
      if (!attribute(section.attributes, name) && !attribute(session.attributes, name)) {
        throw new Refused("sdp_malformed", `The offer has no ${name}.`);
      }
    }
  }
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
  const mid = attribute(attributes, "mid");
  if (!mid || !/^[\w-]{1,32}$/.test(mid))
    throw new Refused("sdp_malformed", `The ${kind} line has no usable mid.`);
  return {
    mid,
    kind,
    ...chooseCodec(section, kind),
    audioLevelId: kind === "audio" ? audioLevelId(section) : 0,
  };
}

function chooseCodec(
  section: MediaSection,
  kind: MediaLine["kind"],
): Pick<MediaLine, "codec" | "payloadType" | "clockRate"> {
  for (const format of section.formats) {
    const name = formatAttributes(section, "rtpmap", format)[0]
      ?.toLowerCase()
      .split("/")
      .slice(0, 2)
      .join("/");
    const known = name === undefined ? undefined : codecs[name];
    if (known?.kind !== kind || !/^\d{1,3}$/.test(format) || Number(format) > 127) continue;
    const parameters = formatAttributes(section, "fmtp", format).join(";");
    if (known.codec === "H264" && !/packetization-mode=1/.test(parameters)) continue;
    return { codec: known.codec, payloadType: Number(format), clockRate: known.clockRate };
  }
  const usable = kind === "audio" ? "Opus" : "VP8 or H.264 (packetization mode 1)";
  throw new Refused("no_usable_codec", `The ${kind} line offers no ${usable}.`);
}

function audioLevelId(section: MediaSection): number {
  for (const line of section.attributes) {
    const match = /^extmap:(\d+)(?:\/\w+)? (\S+)/.exec(line);
    if (match?.[2] === audioLevelUri) return Number(match[1]);
  }
  return 0;
}

function sessionLines(session: SessionDescription, lines: readonly MediaLine[]): string[] {
  const kept = session.attributes.filter((line) =>
    keptAttributes.includes(line.split(":", 1)[0] ?? ""),
  );
  const bundle = `group:BUNDLE ${lines.map((line) => line.mid).join(" ")}`;
  return [
    "v=0",
    `o=${session.origin}`,
    "s=-",
    "t=0 0",
    ...[bundle, ...kept].map((line) => `a=${line}`),
  ];
}

function reducedSection(
  section: MediaSection,
  line: MediaLine | undefined,
  session: SessionDescription,
): string[] {
  if (!line) return [];
  const format = String(line.payloadType);
  const attributes = section.attributes.filter((text) =>
    keptAttributes.includes(text.split(":", 1)[0] ?? ""),
  );
  if (!attribute(attributes, "setup") && !attribute(session.attributes, "setup"))
    attributes.push("setup:actpass");
  if (attribute(attributes, "rtcp-mux") === undefined) attributes.push("rtcp-mux");
  attributes.push("sendonly");
  if (line.audioLevelId > 0) attributes.push(`extmap:${line.audioLevelId} ${audioLevelUri}`);
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
  const spoken = ["nack", "nack pli", "ccm fir", "goog-remb"];
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
