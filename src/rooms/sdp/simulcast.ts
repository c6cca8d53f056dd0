import { maxPictureArea, maxPictureSide } from "../../core/picture/pictureLimits.ts";
import { extensionId } from "./offerParts.ts";
import { attribute, type MediaSection } from "./sdp.ts";

/** The one encoding that is asked for of those a sender offers at once (RFC 8853). */
export interface Layer {
  rid: string;
  /** Header extension id of the RID. */
  ridExtensionId: number;
}

export const ridUri = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id";
/** More layers than anybody sends only make the choice long. */
const maxLayers = 8;

/** Names that clients give their layers, best first: pages list them in either order. */
const knownNames: readonly (readonly string[])[] = [
  ["f", "h", "q"],
  ["full", "half", "quarter"],
  ["h", "m", "l"],
  ["high", "medium", "low"],
  ["high", "mid", "low"],
  ["hi", "mid", "lo"],
  ["r2", "r1", "r0"],
];

/**
 * The best layer that fits: the largest by the offer's own restrictions (RFC 8851), else the best by its name, else the one
 * the sender prefers, which is the first (RFC 8853 §5.2). Undefined where a line offers none, or none that can be told apart.
 */
export function bestLayer(section: MediaSection, payloadType: number): Layer | undefined {
  const ridExtensionId = extensionId(section, ridUri);
  const layers = sentLayers(section).filter((rid) => fits(section, rid, payloadType));
  const [first] = layers;
  if (ridExtensionId === 0 || first === undefined) return undefined;
  return { rid: largest(section, layers) ?? bestNamed(layers) ?? first, ridExtensionId };
}

/** What an answer says to be sent that layer alone. */
export const layerLines = ({ rid }: Layer): string[] => [
  `rid:${rid} recv`,
  `simulcast:recv ${rid}`,
];

/** The RIDs of `a=simulcast:send`, the first of each stream's alternatives; paused ones (`~`) only where nothing else is. */
function sentLayers({ attributes }: MediaSection): string[] {
  const [, list = ""] = /(?:^| )send (\S+)/.exec(attribute(attributes, "simulcast") ?? "") ?? [];
  const streams = list
    .split(";")
    .slice(0, maxLayers)
    .map((stream) => stream.split(",", 1)[0] ?? "");
  const running = streams.filter((rid) => !rid.startsWith("~"));
  const rids = running.length > 0 ? running : streams.map((rid) => rid.slice(1));
  return rids.filter((rid) => /^[\w-]{1,16}$/.test(rid));
}

function fits(section: MediaSection, rid: string, payloadType: number): boolean {
  const told = restrictions(section, rid);
  if (!told) return false;
  const payloads = told.get("pt")?.split(",") ?? [String(payloadType)];
  const { width, height } = sizeOf(told);
  const isSmallEnough =
    width * height <= maxPictureArea && Math.max(width, height) <= maxPictureSide;
  return payloads.includes(String(payloadType)) && isSmallEnough;
}

/** What `a=rid` says of a layer; undefined when it is not declared as sent. */
function restrictions({ attributes }: MediaSection, rid: string): Map<string, string> | undefined {
  const start = `rid:${rid} send`;
  const line = attributes.find((text) => text === start || text.startsWith(`${start} `));
  if (line === undefined) return undefined;
  const pairs = line.slice(start.length).trim().split(";");
  return new Map(
    pairs.map((pair) => {
      const [name = "", ...value] = pair.trim().split("=");
      return [name, value.join("=")];
    }),
  );
}

const sizeOf = (told: ReadonlyMap<string, string>) => ({
  width: Number(told.get("max-width") ?? 0) || 0,
  height: Number(told.get("max-height") ?? 0) || 0,
});

/** The largest, where all tell their size or, failing that, their bit rate. */
function largest(section: MediaSection, layers: readonly string[]): string | undefined {
  const told = layers.map((rid) => restrictions(section, rid) ?? new Map<string, string>());
  const measures = [
    told.map((one) => sizeOf(one).width * sizeOf(one).height),
    told.map((one) => Number(one.get("max-br") ?? 0) || 0),
  ];
  const measure = measures.find((one) => one.every((value) => value > 0));
  return measure && layers[measure.indexOf(Math.max(...measure))];
}

function bestNamed(layers: readonly string[]): string | undefined {
  const lower = layers.map((rid) => rid.toLowerCase());
  const names = knownNames.find((known) => lower.every((rid) => known.includes(rid)));
  const best = names?.find((name) => lower.includes(name));
  return best === undefined ? undefined : layers[lower.indexOf(best)];
}
