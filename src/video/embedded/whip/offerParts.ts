import { AppError } from "../../../core/errors.ts";
import { ok, type Result, refuse } from "../../../core/result.ts";
import type { CaptureCodec } from "../../../media/format/events.ts";
import type { Format } from "../rooms/peer.ts";
import {
  attribute,
  formatAttributes,
  type MediaSection,
  parseSdp,
  type SessionDescription,
} from "./sdp.ts";

export const audioLevelUri = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
/** Hz. */
export const clockRates = { audio: 48_000, video: 90_000 } as const;
const codecs: Record<string, { kind: "audio" | "video"; codec: CaptureCodec }> = {
  "opus/48000": { kind: "audio", codec: "opus" },
  "vp8/90000": { kind: "video", codec: "VP8" },
  "h264/90000": { kind: "video", codec: "H264" },
};
/** Kept as they are; all else is left out, candidates above all: this server never calls out. */
const keptAttributes = ["ice-ufrag", "ice-pwd", "fingerprint", "setup", "mid", "msid", "rtcp-mux"];

const invalid = (reason: string, message: string): AppError =>
  new AppError("VALIDATION_ERROR", message, { field: "sdp", reason });

/** Why an offer, or one of its lines, cannot be used; thrown inside `readOffer`. */
export class Refused extends Error {
  readonly reason: string;
  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** Parses and checks an offer, then hands it to `read`, which may throw `Refused`. */
export function readOffer<T>(
  offer: string,
  maxBytes: number,
  read: (session: SessionDescription) => T,
): Result<T> {
  if (Buffer.byteLength(offer) > maxBytes)
    return refuse(invalid("sdp_too_large", `The offer is larger than ${maxBytes} bytes.`));
  const session = parseSdp(offer);
  if (!session) return refuse(invalid("sdp_malformed", "The offer is not a session description."));
  try {
    checkSession(session);
    return ok(read(session));
  } catch (error) {
    if (error instanceof Refused) return refuse(invalid(error.reason, error.message));
    throw error;
  }
}

function checkSession({ media }: SessionDescription): void {
  if (media.length === 0) throw new Refused("no_media", "The offer has no media line.");
  const mids = media.flatMap(({ attributes }) => attribute(attributes, "mid") ?? []);
  if (new Set(mids).size !== mids.length)
    throw new Refused("sdp_malformed", "Two media lines have the same mid.");
}

/** Throws `Refused` unless all lines are bundled and each tells of its transport. */
export function checkTransport(session: SessionDescription): void {
  const { media } = session;
  if (media.length > 1 && !attribute(session.attributes, "group")?.startsWith("BUNDLE"))
    throw new Refused("bundle_required", "All media lines must be bundled.");
  for (const section of media) {
    for (const name of ["ice-ufrag", "ice-pwd", "fingerprint"]) {
      if (!attribute(section.attributes, name) && !attribute(session.attributes, name))
        throw new Refused("sdp_malformed", `The offer has no ${name}.`);
    }
  }
}

/** The line's mid, a token as RFC 8866 has it; throws `Refused` without a usable one. */
export function midOf({ kind, attributes }: MediaSection): string {
  const mid = attribute(attributes, "mid");
  if (mid && /^[\w!#$%&'*+.^`{|}~-]{1,32}$/.test(mid)) return mid;
  throw new Refused("sdp_malformed", `The ${kind} line has no usable mid.`);
}

/** The formats of a line that are spoken here, in the sender's order. */
export function usableFormats(section: MediaSection, kind: "audio" | "video"): Format[] {
  return section.formats.flatMap((format) => {
    const [name = ""] = formatAttributes(section, "rtpmap", format);
    const known = codecs[name.toLowerCase().split("/").slice(0, 2).join("/")];
    if (known?.kind !== kind || !/^\d{1,3}$/.test(format) || Number(format) > 127) return [];
    const parameters = formatAttributes(section, "fmtp", format).join(";");
    if (known.codec === "H264" && !/packetization-mode=1/.test(parameters)) return [];
    const payloadType = Number(format);
    return [{ codec: known.codec, payloadType, ...(parameters === "" ? {} : { parameters }) }];
  });
}

/** Id of a header extension (RFC 8285: 1 to 255, 15 is none); 0 when it is not offered. */
export function extensionId(section: MediaSection, uri: string): number {
  const id = extensions(section).find((one) => one.uri === uri)?.id ?? 0;
  return id <= 255 && id !== 15 ? id : 0;
}

/** The header extensions a line offers. */
export function extensions(section: MediaSection): { id: number; uri: string }[] {
  return section.attributes.flatMap((line) => {
    const [, id, uri] = /^extmap:(\d{1,5})(?:\/\w+)? (\S+)/.exec(line) ?? [];
    return id && uri ? [{ id: Number(id), uri }] : [];
  });
}

/** The lines before the first media line. */
export function sessionLines(session: SessionDescription, mids: readonly string[]): string[] {
  const bundle = `group:BUNDLE ${mids.join(" ")}`;
  const attributes = [bundle, ...keptOf(session.attributes)];
  return ["v=0", `o=${session.origin}`, "s=-", "t=0 0", ...attributes.map((line) => `a=${line}`)];
}

/** Attributes of a media line that concern its transport. */
export function transportAttributes(section: MediaSection, session: SessionDescription): string[] {
  const attributes = keptOf(section.attributes);
  if (!attribute(attributes, "setup") && !attribute(session.attributes, "setup"))
    attributes.push("setup:actpass");
  if (section.kind !== "application" && attribute(attributes, "rtcp-mux") === undefined)
    attributes.push("rtcp-mux");
  return attributes;
}

function keptOf(attributes: readonly string[]): string[] {
  return attributes.filter((line) => keptAttributes.includes(line.split(":", 1)[0] ?? ""));
}
