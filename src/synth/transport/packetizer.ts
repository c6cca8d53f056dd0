/** Bytes of an encoded frame in one packet: with all headers it stays under 1200, which passes every network. */
export const maxPayload = 1150;

/** Cuts `data` into parts of nearly equal size of at most `limit` bytes. */
function equalParts(data: Buffer, limit: number): Buffer[] {
  const count = Math.max(1, Math.ceil(data.length / limit));
  const size = Math.ceil(data.length / count);
  return Array.from({ length: count }, (_, part) => data.subarray(part * size, (part + 1) * size));
}

/** Payloads of one VP8 frame (RFC 7741): one partition, 15-bit picture id. */
export function packetizeVp8(frame: Buffer, pictureId: number): Buffer[] {
  return equalParts(frame, maxPayload - 4).map((part, index) => {
    const descriptor = Buffer.from([index === 0 ? 0x90 : 0x80, 0x80, 0, 0]);
    descriptor.writeUInt16BE(0x8000 | (pictureId & 0x7fff), 2);
    return Buffer.concat([descriptor, part]);
  });
}

const fragmentationUnit = 28;

/** Payloads of one H.264 access unit in Annex B form (RFC 6184, packetization mode 1): whole NAL units or FU-A. */
export function packetizeH264(accessUnit: Buffer): Buffer[] {
  return nalUnits(accessUnit).flatMap((unit) => {
    if (unit.length <= maxPayload) return [unit];
    const header = unit[0] ?? 0;
    const parts = equalParts(unit.subarray(1), maxPayload - 2);
    return parts.map((part, index) => {
      const edge = (index === 0 ? 0x80 : 0) | (index === parts.length - 1 ? 0x40 : 0);
      return Buffer.concat([
        Buffer.from([(header & 0xe0) | fragmentationUnit, edge | (header & 0x1f)]),
        part,
      ]);
    });
  });
}

/** Splits at start codes of three or four bytes. */
export function nalUnits(annexB: Buffer): Buffer[] {
  const starts: number[] = [];
  for (let at = annexB.indexOf(startCode); at !== -1; at = annexB.indexOf(startCode, at + 3))
    starts.push(at + 3);
  return starts.map((start, index) => {
    const next = starts[index + 1];
    let end = next === undefined ? annexB.length : next - 3;
    while (end > start && annexB[end - 1] === 0) end--;
    return annexB.subarray(start, end);
  });
}

const startCode = Buffer.from([0, 0, 1]);
