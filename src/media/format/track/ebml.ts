/** The few EBML constructs (RFC 8794) that an append-only WebM/Matroska file needs. */

/** Size field of an element whose end is not known while it is written. */
export const unknownSize = Buffer.from("01ffffffffffffff", "hex");

/** An 8-byte size field, so that lengths never need a second pass. */
export function sizeField(bytes: number): Buffer {
  const field = Buffer.allocUnsafe(8);
  field.writeBigUInt64BE(BigInt(bytes) | 0x0100_0000_0000_0000n);
  return field;
}

/** One element: id in hexadecimal, size, and its parts one after the other. */
export function element(id: string, ...parts: (Buffer | string)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return Buffer.concat([Buffer.from(id, "hex"), sizeField(body.length), body]);
}

/** An unsigned integer as an 8-byte payload. */
export function unsigned(value: number): Buffer {
  const payload = Buffer.allocUnsafe(8);
  payload.writeBigUInt64BE(BigInt(value));
  return payload;
}

/** A float as an 8-byte payload. */
export function float(value: number): Buffer {
  const payload = Buffer.allocUnsafe(8);
  payload.writeDoubleBE(value);
  return payload;
}
