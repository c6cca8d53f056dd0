/** The one header extension that is passed on: the audio level (RFC 6464). */
export interface LevelElement {
  /** Where the element begins in the packet. */
  at: number;
  /** Its byte of data. */
  value: number;
}

const fixedHeaderBytes = 12;
const oneByteProfile = 0xbede;
const paddingByte = 0;

/**
 * Blanks all header extensions of a packet but the audio level: an id means something else to every receiver.
 * The packet must be well-formed. Returns where the level is; undefined without one.
 */
export function keepLevelOnly(packet: Buffer, levelId: number): LevelElement | undefined {
  const flags = packet.readUInt8(0);
  if ((flags & 0x10) === 0) return undefined;
  const head = fixedHeaderBytes + (flags & 0x0f) * 4;
  const end = head + 4 + packet.readUInt16BE(head + 2) * 4;
  if (levelId === 0 || packet.readUInt16BE(head) !== oneByteProfile) {
    packet.fill(paddingByte, head + 4, end);
    return undefined;
  }
  return keepElement(packet, head + 4, end, levelId);
}

function keepElement(
  packet: Buffer,
  from: number,
  end: number,
  levelId: number,
): LevelElement | undefined {
  let found: LevelElement | undefined;
  for (let at = from; at < end; ) {
    const first = packet[at] ?? 0;
    const bytes = first === paddingByte ? 1 : (first & 0x0f) + 2;
    if (!found && first === levelId << 4 && at + 1 < end)
      found = { at, value: packet[at + 1] ?? 0 };
    else packet.fill(paddingByte, at, Math.min(end, at + bytes));
    at += bytes;
  }
  return found;
}

/** Random beginnings, as RFC 3550 §5.1 asks for. */
export interface FirstNumbers {
  sequence: number;
  timestamp: number;
}

/**
 * Numbers of one outgoing stream that goes on without a jump while its sources change. Between two switches the
 * distance to the source is constant, so its gaps and late packets stay what they are.
 */
export class RtpRewriter {
  #ssrc: number;
  #sequenceOffset = 0;
  #timestampOffset = 0;
  #last: { sequence: number; timestamp: number; at: number | undefined };

  constructor(ssrc: number, first: FirstNumbers) {
    this.#ssrc = ssrc;
    this.#last = { ...first, at: undefined };
  }

  /** The packet with these numbers comes next; time goes on by what has passed. `now` is ms. */
  rebase(sequence: number, timestamp: number, clockRate: number, now: number): void {
    const { at } = this.#last;
    const elapsed = at === undefined ? 0 : Math.max(1, ((now - at) * clockRate) / 1000);
    this.#sequenceOffset = (this.#last.sequence + 1 - sequence) & 0xffff;
    this.#timestampOffset = (this.#last.timestamp + Math.round(elapsed) - timestamp) >>> 0;
  }

  /** An RTP timestamp of the source as this stream has it. */
  timestamp(timestamp: number): number {
    return (timestamp + this.#timestampOffset) >>> 0;
  }

  /** Overwrites the numbers in a packet's header; `sequence` and `timestamp` are the source's. */
  rewrite(
    packet: Buffer,
    payloadType: number,
    source: { sequence: number; timestamp: number },
    now: number,
  ): void {
    const sequence = (source.sequence + this.#sequenceOffset) & 0xffff;
    const timestamp = this.timestamp(source.timestamp);
    packet[1] = ((packet[1] ?? 0) & 0x80) | payloadType;
    packet.writeUInt16BE(sequence, 2);
    packet.writeUInt32BE(timestamp, 4);
    packet.writeUInt32BE(this.#ssrc, 8);
    if (((sequence - this.#last.sequence) & 0xffff) < 0x8000)
      this.#last = { sequence, timestamp, at: now };
  }
}

/** Writes the level element for a receiver that knows it by `id`; 0 leaves it out. */
export function writeLevel(packet: Buffer, { at, value }: LevelElement, id: number): void {
  packet[at] = id << 4;
  packet[at + 1] = id === 0 ? paddingByte : value;
}
