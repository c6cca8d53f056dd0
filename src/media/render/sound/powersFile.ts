import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { crc32 } from "node:zlib";

/** Powers by track, of the hops from its beginning on. */
export type Powers = ReadonlyMap<string, Float32Array>;

/** Reads what `writePowers` wrote; nothing when there is no such file or it is damaged. */
export function readPowers(path: string): Powers {
  try {
    return parse(readFileSync(path));
  } catch {
    return new Map();
  }
}

/** Writes powers so that there is always a whole file. @throws when it cannot be written */
export function writePowers(path: string, powers: Powers): void {
  const fresh = `${path}.${process.pid}`;
  writeFileSync(fresh, serialise(powers), { mode: 0o600 });
  renameSync(fresh, path);
}

/** A checksum, the length of the index, the index (JSON), then all powers in its order. */
function serialise(powers: Powers): Buffer {
  const tracks = [...powers].map(([id, { length }]) => ({ id, length }));
  const index = Buffer.from(JSON.stringify(tracks));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(index.length);
  const content = [...powers.values()].map((of) => Buffer.from(Float32Array.from(of).buffer));
  const rest = Buffer.concat([length, index, ...content]);
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(crc32(rest));
  return Buffer.concat([sum, rest]);
}

function parse(file: Buffer): Powers {
  const rest = file.subarray(4);
  if (crc32(rest) !== file.readUInt32LE(0)) throw new Error("damaged");
  let at = 4 + rest.readUInt32LE(0);
  const tracks = JSON.parse(rest.toString("utf8", 4, at)) as { id: string; length: number }[];
  return new Map(
    tracks.map(({ id, length }) => {
      const powers = new Float32Array(length);
      Buffer.from(powers.buffer).set(rest.subarray(at, at + powers.byteLength));
      at += powers.byteLength;
      return [id, powers];
    }),
  );
}
