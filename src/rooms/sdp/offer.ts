import type { MediaCodec } from "../../core/media.ts";
import type { Result } from "../../core/result.ts";
import { transportSequenceUri } from "../rtp/transportFeedback.ts";
import type { AnsweredLine } from "./answer.ts";
import type { Format } from "./format.ts";
import {
  audioLevelUri,
  bundled,
  clockRates,
  extensionId,
  extensions,
  midOf,
  only,
  Refused,
  readOffer,
  transportOf,
  ufragOf,
  usableFormats,
} from "./offerParts.ts";
import { attribute, formatAttributes, type MediaSection, type SessionDescription } from "./sdp.ts";
import { bestLayer, type Layer, layerLines, ridUri } from "./simulcast.ts";
import { parameterSetsOf } from "./spropParameterSets.ts";

/** One line of media a publisher will send. */
export interface MediaLine {
  mid: string;
  kind: "audio" | "video";
  codec: MediaCodec;
  payloadType: number;
  /** Hz. */
  clockRate: number;
  /** Header extension id of the audio level (RFC 6464); 0 when not offered. */
  audioLevelId: number;
  /** Header extension id of the transport-wide sequence number; 0 when not offered. */
  transportSequenceId: number;
  /** The sender sends packets again when it is asked to (generic NACK). */
  retransmits: boolean;
  /** Of simulcast the encoding that was asked for; absent without. */
  layer?: Layer;
  /** H.264 parameter sets told in the offer, which the stream itself may leave out; absent without any. */
  parameterSets?: Buffer[];
}

/** By what packets find their line, beside its payload type. */
export interface Routing {
  /** Header extension id of the MID, the same on every line; 0 when none was agreed on. */
  midExtensionId: number;
  /** The mid of the line an announced SSRC belongs to. */
  announced: ReadonlyMap<number, string>;
}

export interface ReducedOffer {
  /**
   * What the transport is offered: one media line, because it hands all packets of a connection to its only track, and
   * drops those of unknown SSRCs where there are several.
   */
  sdp: string;
  /** The lines that are taken, in the offer's order: one audio and one video line at most, and at least one of them. */
  lines: MediaLine[];
  routing: Routing;
  /** ICE user fragment of whoever offers. */
  clientUfrag: string;
  /** What the answer says of every line of the offer, in the same order. */
  answered: AnsweredLine[];
}

export const maxOfferBytes = 64 * 1024;
/** More lines only make the answer long. */
const maxLines = 64;
/** Announced SSRCs remembered of a line; a browser has two, with simulcast six. */
const maxSources = 8;
const midUri = "urn:ietf:params:rtp-hdrext:sdes:mid";

/** A line that is taken, or why it is not. */
type Choice = { section: MediaSection } & ({ line: MediaLine } | { refusal: Refused });
type Taken = Extract<Choice, { line: MediaLine }>;

/**
 * Reduces a WHIP offer to what is received: the first usable audio line (Opus) and the first usable video line (VP8 or
 * H.264, whichever the publisher prefers), without retransmission streams or candidates. Every other line is refused by
 * itself; the offer is refused when no line is left.
 */
export function reduceOffer(offer: string): Result<ReducedOffer> {
  return readOffer(offer, maxOfferBytes, reduce);
}

function reduce(session: SessionDescription): ReducedOffer {
  if (session.media.length > maxLines)
    throw new Refused("too_many_tracks", `At most ${maxLines} media lines.`);
  const choices = choose(session);
  const taken = choices.filter((choice): choice is Taken => "line" in choice);
  const [first] = taken;
  if (!first) throw mainRefusal(choices);
  const midExtensionId = commonMidExtension(taken);
  return {
    sdp: transportOffer(session, first),
    lines: taken.map(({ line }) => line),
    clientUfrag: ufragOf(session, first.section),
    routing: { midExtensionId, announced: announcedSources(taken) },
    answered: choices.map((choice) => answeredLine(choice, midExtensionId)),
  };
}

function choose(session: SessionDescription): Choice[] {
  const taken: MediaLine[] = [];
  return session.media.map((section) => {
    try {
      const line = mediaLine(section, session);
      if (taken.some(({ kind }) => kind === line.kind))
        throw new Refused("too_many_tracks", `One ${line.kind} line is taken already.`);
      // A line outside of the bundle would need a transport of its own.
      if (taken[0] && !bundled(session, [taken[0].mid, line.mid]))
        throw new Refused("bundle_required", "All media lines must be bundled.");
      taken.push(line);
      return { section, line };
    } catch (error) {
      if (error instanceof Refused) return { section, refusal: error };
      throw error;
    }
  });
}

/** Of several refusals the one that tells most. */
function mainRefusal(choices: readonly Choice[]): Refused {
  const refused = choices.flatMap((choice) => ("refusal" in choice ? [choice.refusal] : []));
  const telling = refused.find(({ reason }) => reason !== "unsupported_media");
  return telling ?? refused[0] ?? new Refused("no_media", "The offer has no media line.");
}

function mediaLine(section: MediaSection, session: SessionDescription): MediaLine {
  const { kind, attributes, protocol, port } = section;
  if ((kind !== "audio" && kind !== "video") || !/\bRTP\/S?AVPF?$/.test(protocol))
    throw new Refused("unsupported_media", "Only audio and video are accepted.");
  const disabled = port === 0 && attribute(attributes, "bundle-only") === undefined;
  if (disabled || !sends(attributes, session))
    throw new Refused("not_sending", `The ${kind} line does not send.`);
  const format = receivedFormat(section, kind);
  if (!format) {
    const usable = kind === "audio" ? "Opus" : "VP8 or H.264 (packetization mode 0 or 1)";
    throw new Refused("no_usable_codec", `The ${kind} line offers no ${usable}${only(section)}.`);
  }
  const { codec, payloadType, parameters = "" } = format;
  const parameterSets = codec === "H264" ? parameterSetsOf(parameters) : [];
  const layer = kind === "video" ? bestLayer(section, payloadType) : undefined;
  return {
    mid: midOf(section),
    kind,
    codec,
    payloadType,
    clockRate: clockRates[kind],
    audioLevelId: kind === "audio" ? extensionId(section, audioLevelUri) : 0,
    transportSequenceId: extensionId(section, transportSequenceUri),
    retransmits: feedback(section, payloadType).includes("nack"),
    ...(layer && { layer }),
    ...(parameterSets.length > 0 && { parameterSets }),
  };
}

/** What the sender prefers of what is spoken here. */
function receivedFormat(section: MediaSection, kind: "audio" | "video"): Format | undefined {
  const [preferred] = usableFormats(section, kind);
  return preferred ?? usableFormats(section, kind, { alsoMode0: true })[0];
}

/** A line's own direction, else the session's, else it sends. */
function sends(attributes: readonly string[], session: SessionDescription): boolean {
  for (const level of [attributes, session.attributes]) {
    const directions = ["sendrecv", "sendonly", "recvonly", "inactive"];
    const direction = directions.find((one) => attribute(level, one) !== undefined);
    if (direction) return direction.startsWith("send");
  }
  return true;
}

/** The id that all lines agree on and that means nothing else on any of them; 0 without such. */
function commonMidExtension(taken: readonly Taken[]): number {
  const ids = new Set(taken.map(({ section }) => extensionId(section, midUri)));
  ids.delete(0);
  const [id = 0] = ids;
  const others = taken.flatMap(({ section }) => extensions(section));
  const isClear = ids.size === 1 && !others.some((one) => one.id === id && one.uri !== midUri);
  return isClear ? id : 0;
}

/** Announced SSRCs, without those of retransmission and repair streams. */
function announcedSources(taken: readonly Taken[]): Map<number, string> {
  const announced = new Map<number, string>();
  for (const { section, line } of taken) {
    const repairs = /^ssrc-group:(?:FID|FEC-FR) \d+ (.+)/;
    const secondary = section.attributes.flatMap(
      (text) => repairs.exec(text)?.[1]?.split(" ") ?? [],
    );
    const sources = section.attributes.flatMap(
      (text) => /^ssrc:(\d{1,10})\b/.exec(text)?.[1] ?? [],
    );
    const primary = [...new Set(sources)].filter((ssrc) => !secondary.includes(ssrc));
    for (const ssrc of primary.slice(0, maxSources))
      if (!announced.has(Number(ssrc))) announced.set(Number(ssrc), line.mid);
  }
  return announced;
}

function answeredLine(choice: Choice, midExtensionId: number): AnsweredLine {
  const { section } = choice;
  const { kind, protocol, formats } = section;
  if ("refusal" in choice) {
    const mid = usableMid(section);
    const attributes = [...(mid === undefined ? [] : [`mid:${mid}`]), "inactive"];
    const { reason } = choice.refusal;
    return { kind, protocol, mid, format: formats[0] ?? "0", attributes, refused: reason };
  }
  const { line } = choice;
  const { mid, payloadType } = line;
  const parameters = receivedFormat(section, line.kind)?.parameters;
  const attributes = [
    ...[`mid:${mid}`, "recvonly", "rtcp-mux"],
    ...extensionLines(choice, midExtensionId),
    ...formatAttributes(section, "rtpmap", String(payloadType))
      .slice(0, 1)
      .map((name) => `rtpmap:${payloadType} ${name}`),
    ...(parameters === undefined ? [] : [`fmtp:${payloadType} ${ownParameters(parameters)}`]),
    ...feedback(section, payloadType).map((name) => `rtcp-fb:${payloadType} ${name}`),
    ...(line.layer ? layerLines(line.layer) : []),
  ];
  return { kind, protocol, mid, format: String(payloadType), attributes };
}

function extensionLines({ section, line }: Taken, midExtensionId: number): string[] {
  const mid = extensionId(section, midUri) === midExtensionId ? midExtensionId : 0;
  const spoken: [number, string][] = [
    [line.audioLevelId, audioLevelUri],
    [line.transportSequenceId, transportSequenceUri],
    [mid, midUri],
    [line.layer?.ridExtensionId ?? 0, ridUri],
  ];
  return spoken.flatMap(([id, uri]) => (id > 0 ? [`extmap:${id} ${uri}`] : []));
}

/** Parameter sets are those of a sender. */
const ownParameters = (parameters: string): string =>
  parameters
    .split(";")
    .filter((one) => !/^\s*sprop-parameter-sets=/i.test(one))
    .join(";");

function usableMid(section: MediaSection): string | undefined {
  try {
    return midOf(section);
  } catch {
    return undefined;
  }
}

function feedback(section: MediaSection, payloadType: number): string[] {
  const spoken = ["nack", "nack pli", "ccm fir", "goog-remb", "transport-cc"];
  const offered = [String(payloadType), "*"].flatMap((format) =>
    formatAttributes(section, "rtcp-fb", format),
  );
  return spoken.filter((kind) => offered.includes(kind));
}

/** One line with the transport of all. */
function transportOffer(session: SessionDescription, { section, line }: Taken): string {
  const { mid, kind, payloadType } = line;
  const setup = attribute(section.attributes, "setup") ?? attribute(session.attributes, "setup");
  const [codec = ""] = formatAttributes(section, "rtpmap", String(payloadType));
  const attributes = [
    ...transportOf(session, section, "ice-ufrag", "ice-pwd"),
    ...transportOf(session, section, "fingerprint"),
    ...[`setup:${setup || "actpass"}`, `mid:${mid}`, "sendonly", "rtcp-mux"],
    `rtpmap:${payloadType} ${codec}`,
  ];
  return [
    ...["v=0", `o=${session.origin}`, "s=-", "t=0 0", `a=group:BUNDLE ${mid}`],
    ...[`m=${kind} 9 UDP/TLS/RTP/SAVPF ${payloadType}`, "c=IN IP4 0.0.0.0"],
    ...attributes.map((text) => `a=${text}`),
    "",
  ].join("\r\n");
}
