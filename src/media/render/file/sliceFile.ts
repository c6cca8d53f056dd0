import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";

/** What a slice holds; frames are numbers of pictures in the whole file. */
export interface SliceHead {
  fromFrame: number;
  toFrame: number;
  /** Decoder configuration, which must be the same in all slices of a file; hexadecimal. */
  videoConfig: string;
  audioConfig: string;
}

/** One encoded packet; times in frames (video) and samples (audio) of the whole file. */
export interface SlicePacket {
  kind: "video" | "audio";
  key: boolean;
  pts: number;
  dts: number;
  duration: number;
  data: Buffer;
}

const flushBytes = 1 << 20;
const packetHead = 30;

/** Writes a slice: encoded packets in the order they go into the file. It is whole once `finish` has returned. */
export class SliceWriter {
  #fd: number;
  #queue: Buffer[] = [];
  #queued = 0;
  #sum = 0;

  constructor(path: string, head: SliceHead) {
    this.#fd = openSync(path, "w", 0o600);
    const json = Buffer.from(JSON.stringify(head));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(json.length);
    this.#push(length);
    this.#push(json);
  }

  packet({ kind, key, pts, dts, duration, data }: SlicePacket): void {
    const head = Buffer.alloc(packetHead);
    head[0] = kind === "video" ? 1 : 2;
    head[1] = key ? 1 : 0;
    head.writeUInt32BE(data.length, 2);
    [pts, dts, duration].forEach((value, index) => {
      head.writeDoubleBE(value, 6 + 8 * index);
    });
    this.#push(head);
    this.#push(Buffer.from(data));
    if (this.#queued >= flushBytes) this.#flush();
  }

  finish(): void {
    this.#flush();
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(this.#sum);
    writeSync(this.#fd, sum);
    this.close();
  }

  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  #push(bytes: Buffer): void {
    this.#queue.push(bytes);
    this.#queued += bytes.length;
  }

  #flush(): void {
    const bytes = Buffer.concat(this.#queue);
    this.#sum = crc32(bytes, this.#sum);
    for (let written = 0; written < bytes.length; )
      written += writeSync(this.#fd, bytes, written, bytes.length - written);
    this.#queue = [];
    this.#queued = 0;
  }
}

/** Reads a slice. @throws when it is not there or not whole */
export function readSlice(path: string): { head: SliceHead; packets: Generator<SlicePacket> } {
  const bytes = readFileSync(path);
  const end = bytes.length - 4;
  if (end < 4 || crc32(bytes.subarray(0, end)) !== bytes.readUInt32BE(end))
    throw new Error(`a damaged slice: ${path}`);
  const first = 4 + bytes.readUInt32BE(0);
  const head = JSON.parse(bytes.toString("utf8", 4, first)) as SliceHead;
  return { head, packets: packetsOf(bytes.subarray(first, end)) };
}

function* packetsOf(bytes: Buffer): Generator<SlicePacket> {
  for (let at = 0; at < bytes.length; ) {
    const size = bytes.readUInt32BE(at + 2);
    const [pts = 0, dts = 0, duration = 0] = [0, 1, 2].map((index) =>
      bytes.readDoubleBE(at + 6 + 8 * index),
    );
    const data = bytes.subarray(at + packetHead, at + packetHead + size);
    const kind = bytes[at] === 1 ? "video" : "audio";
    yield { kind, key: bytes[at + 1] === 1, pts, dts, duration, data };
    at += packetHead + size;
  }
}
