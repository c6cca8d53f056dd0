import { headerExtension } from "../rtp/packet.ts";
import type { MediaLine, Routing } from "../sdp/offer.ts";

/** SSRCs whose line is remembered: more only makes their packets be looked at again. */
const maxSources = 32;
const headerBytes = 12;

/**
 * Finds the media line of each RTP packet of a bundled transport (RFC 9143 §9.2): a new SSRC belongs to the line its
 * MID names, else to the one it was announced for, else to the only one with its payload type. It stays there, because
 * senders name the MID only until they are answered. An SSRC of a simulcast layer that was not asked for belongs to none.
 */
export class Demultiplexer {
  /** Packets that belong to no line: repair streams, and what is malformed. */
  strays = 0;
  #lines: readonly MediaLine[];
  #routing: Routing;
  #isPresent: (ssrc: number) => boolean;
  #sources = new Map<number, number | undefined>();

  /** `isPresent` tells the SSRCs that are received just now, which are not forgotten. */
  constructor(lines: readonly MediaLine[], routing: Routing, isPresent: (ssrc: number) => boolean) {
    this.#lines = lines;
    this.#routing = routing;
    this.#isPresent = isPresent;
  }

  /** The index of a packet's line; undefined for a stray. */
  lineOf(packet: Buffer): number | undefined {
    if (packet.length >= headerBytes) {
      const ssrc = packet.readUInt32BE(8);
      const index = this.#sources.has(ssrc) ? this.#sources.get(ssrc) : this.#bind(ssrc, packet);
      if (index !== undefined) return index;
    }
    this.strays++;
    return undefined;
  }

  #bind(ssrc: number, packet: Buffer): number | undefined {
    const payloadType = packet.readUInt8(1) & 0x7f;
    const mid = this.#midOf(packet) ?? this.#routing.announced.get(ssrc);
    const fitting = this.#lines.filter((line) => {
      return line.payloadType === payloadType && (mid === undefined || line.mid === mid);
    });
    const [line] = fitting;
    if (!line || fitting.length > 1) return undefined;
    this.#makeRoom();
    const index = isAsked(line, packet) ? this.#lines.indexOf(line) : undefined;
    this.#sources.set(ssrc, index);
    return index;
  }

  #midOf(packet: Buffer): string | undefined {
    return headerExtension(packet, this.#routing.midExtensionId)?.toString("utf8");
  }

  /** Forgets the SSRC that has been known for longest. */
  #makeRoom(): void {
    if (this.#sources.size < maxSources) return;
    for (const ssrc of this.#sources.keys()) {
      if (this.#isPresent(ssrc)) continue;
      this.#sources.delete(ssrc);
      return;
    }
  }
}

/** Senders that ignore an answer send all layers: the RID tells them apart, as long as it is named. */
function isAsked({ layer }: MediaLine, packet: Buffer): boolean {
  const rid = layer && headerExtension(packet, layer.ridExtensionId)?.toString("utf8");
  return rid === undefined || rid === layer?.rid;
}
