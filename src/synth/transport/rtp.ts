/** Fields of an RTP header (RFC 3550 §5.1). */
export interface RtpFields {
  payloadType: number;
  marker: boolean;
  sequence: number;
  timestamp: number;
  ssrc: number;
  /** One-byte header extension (RFC 8285) with a single byte of data. */
  extension?: { id: number; value: number };
}

/** An RTP packet ready to be sent. */
export function writeRtp(fields: RtpFields, payload: Buffer): Buffer {
  const header = fields.extension ? 20 : 12;
  const packet = Buffer.allocUnsafe(header + payload.length);
  packet[0] = fields.extension ? 0x90 : 0x80;
  packet[1] = (fields.marker ? 0x80 : 0) | fields.payloadType;
  packet.writeUInt16BE(fields.sequence, 2);
  packet.writeUInt32BE(fields.timestamp, 4);
  packet.writeUInt32BE(fields.ssrc, 8);
  if (fields.extension) {
    packet.writeUInt32BE(0xbede0001, 12);
    packet.writeUInt32BE(((fields.extension.id << 28) | (fields.extension.value << 16)) >>> 0, 16);
  }
  payload.copy(packet, header);
  return packet;
}

/** RFC 6464's byte: the level as a positive number under the voice-activity flag. */
export function audioLevelByte(levelDbov: number): number {
  return (levelDbov > -60 ? 0x80 : 0) | Math.min(127, Math.max(0, Math.round(-levelDbov)));
}
