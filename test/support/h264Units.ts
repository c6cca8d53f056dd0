/** Writes fields of a parameter set or slice header (H.264 §9.1). */
class BitWriter {
  #bits = "";

  bits(value: number, count: number): this {
    this.#bits += value.toString(2).padStart(count, "0");
    return this;
  }

  unsigned(value: number): this {
    const code = (value + 1).toString(2);
    this.#bits += "0".repeat(code.length - 1) + code;
    return this;
  }

  /** With the stop bit, behind a NAL unit header. */
  unit(header: number): Buffer {
    const bits = `${this.#bits}1`;
    const bytes = bits.match(/.{1,8}/g) ?? [];
    return Buffer.from([header, ...bytes.map((byte) => Number.parseInt(byte.padEnd(8, "0"), 2))]);
  }
}

/** A sequence parameter set (baseline); width and height are multiples of 16 px. */
export function spsUnit(id: number, width: number, height: number): Buffer {
  const writer = new BitWriter().bits(0x42c01e, 24);
  for (const value of [id, 0, 2, 1]) writer.unsigned(value);
  writer.bits(0, 1).unsigned(width / 16 - 1);
  return writer
    .unsigned(height / 16 - 1)
    .bits(0b1100, 4)
    .unit(0x67);
}

/** A picture parameter set; `variant` makes two of one id different. */
export function ppsUnit(id: number, sps: number, variant = 0): Buffer {
  return new BitWriter().unsigned(id).unsigned(sps).bits(0, 2).unsigned(variant).unit(0x68);
}

/** A slice of a picture; `bytes` of payload follow its header. */
export function sliceUnit({
  pps = 0,
  idr = false,
  referenced = true,
  first = true,
  bytes = 20,
  fill = 9,
} = {}): Buffer {
  const header = (idr ? 5 : 1) | (referenced ? 0x60 : 0);
  const fields = new BitWriter().unsigned(first ? 0 : 40).unsigned(idr ? 7 : 5);
  return Buffer.concat([fields.unsigned(pps).unit(header), Buffer.alloc(bytes, fill)]);
}

/** NAL units as a track file has them. */
export const prefixed = (...nals: Buffer[]): Buffer =>
  Buffer.concat(
    nals.flatMap((nal) => [Buffer.from([0, 0, nal.length >> 8, nal.length & 0xff]), nal]),
  );

/** A STAP-A payload. */
export const aggregate = (...nals: Buffer[]): Buffer =>
  Buffer.concat([
    Buffer.of(0x78),
    ...nals.flatMap((nal) => [Buffer.from([nal.length >> 8, nal.length & 0xff]), nal]),
  ]);

/** FU-A payloads of a NAL unit, with so many bytes of it each. */
export function fragments(nal: Buffer, bytes: number): Buffer[] {
  const head = nal.readUInt8(0);
  const body = nal.subarray(1);
  const out: Buffer[] = [];
  for (let at = 0; at < body.length; at += bytes) {
    const flags = (at === 0 ? 0x80 : 0) | (at + bytes >= body.length ? 0x40 : 0);
    out.push(
      Buffer.concat([
        Buffer.from([(head & 0xe0) | 28, flags | (head & 31)]),
        body.subarray(at, at + bytes),
      ]),
    );
  }
  return out;
}
