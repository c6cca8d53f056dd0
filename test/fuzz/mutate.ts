import { Random } from "../media/senders/random.ts";

/** Numbers at which readers of lengths and counters go wrong. */
const edges = [
  0, 1, 2, 3, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 129, 192, 200, 223, 254, 255,
] as const;
/** Characters that mean something in SDP and JSON. */
const marks = Buffer.from('{}[]",:\\=/ \r\n\t\0-+.eE0123456789am;*\u00e9\u{1f600}');
/** Longer inputs only cost time. */
const maxBytes = 64 * 1024;

/** Makes inputs of others: the same for the same seed and index. */
export class Mutator {
  readonly #corpus: readonly Buffer[];
  readonly #seed: number;

  constructor(corpus: readonly Buffer[], seed: number) {
    if (corpus.length === 0) throw new Error("a fuzz target needs at least one input");
    this.#corpus = corpus;
    this.#seed = seed;
  }

  input(index: number): Buffer {
    const random = new Random(Math.imul(this.#seed, 0x9e3779b1) ^ index);
    // Neighbouring seeds begin alike.
    for (let skipped = 0; skipped < 3; skipped++) random.next();
    let bytes: Buffer = Buffer.from(this.#any(random));
    for (let left = random.whole(1, 6); left > 0; left--) bytes = this.#change(bytes, random);
    return bytes.length > maxBytes ? bytes.subarray(0, maxBytes) : bytes;
  }

  #any(random: Random): Buffer {
    return this.#corpus[random.whole(0, this.#corpus.length - 1)] ?? Buffer.alloc(0);
  }

  #change(bytes: Buffer, random: Random): Buffer {
    const at = random.whole(0, Math.max(0, bytes.length - 1));
    const end = Math.min(bytes.length, at + random.whole(1, random.chance(0.1) ? 512 : 8));
    const [before, part, after] = [
      bytes.subarray(0, at),
      bytes.subarray(at, end),
      bytes.subarray(end),
    ];
    switch (random.whole(0, 8)) {
      case 0:
        return withByte(bytes, at, (bytes[at] ?? 0) ^ (1 << random.whole(0, 7)));
      case 1:
        return withByte(bytes, at, random.pick(edges));
      case 2:
        return withByte(bytes, at, random.whole(0, 255));
      case 3:
        return Buffer.concat([before, after]);
      case 4:
        return before;
      case 5:
        return Buffer.concat([before, part, part, after]);
      case 6: {
        const other = this.#any(random);
        const from = random.whole(0, Math.max(0, other.length - 1));
        return Buffer.concat([before, other.subarray(from, from + random.whole(1, 256)), after]);
      }
      case 7: {
        const mark = random.whole(0, marks.length - 1);
        return Buffer.concat([before, marks.subarray(mark, mark + 1), after]);
      }
      default: {
        const count = random.chance(0.02) ? random.whole(100, 4000) : random.whole(2, 20);
        return Buffer.concat([before, ...Array.from({ length: count }, () => part), after]);
      }
    }
  }
}

function withByte(bytes: Buffer, at: number, value: number): Buffer {
  if (bytes.length > 0) bytes[at] = value;
  return bytes;
}
