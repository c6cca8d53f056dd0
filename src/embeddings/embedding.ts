/** What a text belongs to, as the published API names it. */
export const sourceTypes = ["user", "profile", "meeting", "note", "transcriptSegment"] as const;
export type SourceType = (typeof sourceTypes)[number];

/** A text as a vector. */
export interface Embedding {
  id: string;
  sourceType: SourceType;
  sourceId: string;
  /** 32 bit floats, little-endian, of length 1. */
  vector: Buffer;
  model: string;
  dimensions: number;
  version: string;
  metadata: Record<string, string | number | boolean>;
  createdAt: number;
}

/** A vector as it is stored and sent. */
export function bytesOf(vector: Float32Array): Buffer {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [index, number] of vector.entries()) bytes.writeFloatLE(number, index * 4);
  return bytes;
}

/** Reads such bytes into a vector, or into a part of one. */
export function readVector(bytes: Uint8Array, into = new Float32Array(bytes.byteLength / 4)) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let index = 0; index < into.length; index++) into[index] = view.getFloat32(index * 4, true);
  return into;
}
