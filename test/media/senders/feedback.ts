/** What a receiver asks of a sender. */
export interface Asked {
  keyframe: boolean;
  /** Sequence numbers of packets to be sent again. */
  again: number[];
}

/** Reads the requests in a compound RTCP packet (RFC 4585). */
export function readAsked(compound: Buffer): Asked {
  const asked: Asked = { keyframe: false, again: [] };
  for (let at = 0; at + 4 <= compound.length; ) {
    const end = at + 4 * (compound.readUInt16BE(at + 2) + 1);
    if (end > compound.length) break;
    const kind = `${compound[at + 1]}/${compound.readUInt8(at) & 31}`;
    if (kind === "206/1" || kind === "206/4") asked.keyframe = true;
    if (kind === "205/1") asked.again.push(...namedPackets(compound.subarray(at + 12, end)));
    at = end;
  }
  return asked;
}

/** Each entry names one packet and, in a bit mask, any of the 16 after it. */
function namedPackets(entries: Buffer): number[] {
  const named: number[] = [];
  for (let at = 0; at + 4 <= entries.length; at += 4) {
    const first = entries.readUInt16BE(at);
    const mask = entries.readUInt16BE(at + 2);
    named.push(first);
    for (let bit = 0; bit < 16; bit++)
      if ((mask >> bit) & 1) named.push((first + bit + 1) & 0xffff);
  }
  return named;
}
