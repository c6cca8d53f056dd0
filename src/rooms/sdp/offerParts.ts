import { AppError } from "../../core/errors.ts";
import type { MediaCodec } from "../../core/media.ts";
import { ok, type Result, refuse } from "../../core/result.ts";
import type { Format } from "./format.ts";
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
const codecs: Record<string, { kind: "audio" | "video"; codec: MediaCodec }> = {
  "opus/48000": { kind: "audio", codec: "opus" },
  "vp8/90000": { kind: "video", codec: "VP8" },
  "h264/90000": { kind: "video", codec: "H264" },
};

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

/** Whether all of these lines share one transport. */
export function bundled({ attributes }: SessionDescription, mids: readonly string[]): boolean {
  return attributes.some((line) => {
    const members = line.startsWith("group:BUNDLE ") ? line.split(/ +/) : [];
    return mids.every((mid) => members.includes(mid));
  });
}

/**
 * The attributes of these names, from the first level that has them all: a line, the session, then other lines, because a
 * line that is bundled only leaves telling of its transport to another.
 * @throws Refused where none has
 */
export function transportOf(
  session: SessionDescription,
  section: MediaSection,
  ...names: string[]
): string[] {
  const levels = [section, session, ...session.media].map(({ attributes }) => attributes);
  const level = levels.find((one) => names.every((name) => attribute(one, name)));
  if (!level) throw new Refused("sdp_malformed", `The offer has no ${names.join(" and ")}.`);
  return level.filter((text) => names.includes(text.split(":", 1)[0] ?? ""));
}

/** ICE user fragment of whoever offers this line. @throws Refused without one */
export function ufragOf(session: SessionDescription, section: MediaSection): string {
  return attribute(transportOf(session, section, "ice-ufrag", "ice-pwd"), "ice-ufrag") ?? "";
}

/** The line's mid, a token as RFC 8866 has it. @throws Refused without a usable one */
export function midOf({ kind, attributes }: MediaSection): string {
  const mid = attribute(attributes, "mid");
  if (mid && /^[\w!#$%&'*+.^`{|}~-]{1,32}$/.test(mid)) return mid;
  throw new Refused("sdp_malformed", `The ${kind} line has no usable mid.`);
}

/**
 * The formats of a line that are spoken here, in its order. H.264 is sent in packetization mode 1 only; of a sender that knows
 * no other, mode 0 (also where no mode is named) is taken too: it is a part of mode 1.
 */
export function usableFormats(
  section: MediaSection,
  kind: "audio" | "video",
  { alsoMode0 = false } = {},
): Format[] {
  return section.formats.flatMap((format) => {
    const [name = ""] = formatAttributes(section, "rtpmap", format);
    const known = codecs[name.toLowerCase().split("/").slice(0, 2).join("/")];
    if (known?.kind !== kind || !/^\d{1,3}$/.test(format) || Number(format) > 127) return [];
    const parameters = formatAttributes(section, "fmtp", format).join(";");
    const [, mode = "0"] = /packetization-mode=(\d+)/.exec(parameters) ?? [];
    if (known.codec === "H264" && mode !== "1" && !(alsoMode0 && mode === "0")) return [];
    const payloadType = Number(format);
    return [{ codec: known.codec, payloadType, ...(parameters === "" ? {} : { parameters }) }];
  });
}

/** For a refusal: what a line offers instead, as far as that can be read. */
export function only(section: MediaSection): string {
  const names = section.formats.flatMap((format) => {
    const [, name] =
      /^([\w-]{1,32})\//.exec(formatAttributes(section, "rtpmap", format)[0] ?? "") ?? [];
    return name && !/^(rtx|red|ulpfec|flexfec.*|CN|telephone-event)$/i.test(name) ? [name] : [];
  });
  const [first, ...others] = [...new Set(names)].slice(0, 8);
  return first === undefined ? "" : `, only ${[first, ...others].join(", ")}`;
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
  return ["v=0", `o=${session.origin}`, "s=-", "t=0 0", `a=group:BUNDLE ${mids.join(" ")}`];
}

/** Attributes of a media line that concern its transport, without candidates: this server never calls out. */
export function transportAttributes(section: MediaSection, session: SessionDescription): string[] {
  const setup = attribute(section.attributes, "setup") ?? attribute(session.attributes, "setup");
  const msid = attribute(section.attributes, "msid");
  return [
    ...transportOf(session, section, "ice-ufrag", "ice-pwd"),
    ...transportOf(session, section, "fingerprint"),
    `setup:${setup || "actpass"}`,
    `mid:${midOf(section)}`,
    ...(msid ? [`msid:${msid}`] : []),
    ...(section.kind === "application" ? [] : ["rtcp-mux"]),
  ];
}
