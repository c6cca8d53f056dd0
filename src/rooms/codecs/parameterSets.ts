import { nalType, ppsIds, spsId, typeOf } from "./h264Ids.ts";

/** Real ones have some ten bytes, with scaling matrices some hundred. */
const maxSetBytes = 4096;
/** All together: every keyframe may carry them again. */
const maxBytes = 8192;
/** Largest number of sets of a kind that a decoder record can name. */
const mostInRecord = 255;

interface ParameterSet {
  nal: Buffer;
  /** The sequence parameter set that it refers to, or that it is. */
  sps: number;
  /** It is in the frames made so far. */
  written: boolean;
}

type Kinds = Record<"sps" | "pps", boolean>;

/**
 * The parameter sets of an H.264 stream, by id: they may come with the picture that needs them, in packets of their own
 * or by signalling, and hold until they are replaced.
 */
export class ParameterSets {
  /** Oldest first; sequence parameter sets under their id, picture parameter sets behind all of those. */
  #sets = new Map<number, ParameterSet>();
  #bytes = 0;
  #unwritten = 0;
  /** What came since the last picture, or loss. */
  #came: Kinds = { sps: false, pps: false };
  /** What came with the last keyframe that certainly lost nothing, or at all before the first one. */
  #usual: Kinds = { sps: false, pps: false };
  #usualKnown = false;
  #afterGap = false;

  /** `signalled`: sets known before the first packet. */
  constructor(signalled: readonly Buffer[] = []) {
    for (const nal of signalled) this.take(nal);
    this.#came = { sps: false, pps: false };
    this.#usual = { sps: false, pps: false };
    for (const key of this.#sets.keys()) this.#wrote(key);
  }

  /** Whether sets changed that no frame carries yet. */
  get changed(): boolean {
    return this.#unwritten > 0;
  }

  /** Takes a set; its key, or undefined when it is none that can be used. */
  take(nal: Buffer): number | undefined {
    const key = keyOf(nal);
    if (!key) return undefined;
    this.#came[key.kind] = true;
    if (!this.#usualKnown) this.#usual[key.kind] = true;
    const known = this.#sets.get(key.key);
    if (known?.nal.equals(nal)) return key.key;
    this.#forget(key.key);
    // A copy: the packet it came in is many times larger.
    this.#sets.set(key.key, { nal: Buffer.from(nal), sps: key.sps, written: false });
    this.#bytes += nal.length;
    this.#unwritten++;
    // A decoder may forget what referred to the one that was replaced.
    if (key.kind === "sps") for (const pps of this.#ppsOf(key.sps)) this.#mustWrite(pps);
    while (this.#bytes > maxBytes) this.#forget(this.#sets.keys().next().value ?? key.key);
    return key.key;
  }

  /** Anything may have been lost before what comes next. */
  gap(): void {
    this.#afterGap = true;
    this.#came = { sps: false, pps: false };
  }

  /**
   * The keys of the sets that a keyframe of these picture parameter sets has to carry. Undefined when one is not known,
   * or may have been lost just before: a picture made with the one before it would be rubbish.
   */
  neededBy(pictures: readonly (number | undefined)[]): number[] | undefined {
    const { sps, pps } = this.#usual;
    if (this.#afterGap && ((sps && !this.#came.sps) || (pps && !this.#came.pps))) return undefined;
    const used = pictures.map((id) => (id === undefined ? undefined : this.#sets.get(ppsKey(id))));
    const active = used[0]?.sps;
    if (active === undefined || !used.every((set) => set?.sps === active)) return undefined;
    return this.#sets.has(active) ? [active, ...this.#ppsOf(active)] : undefined;
  }

  /** A picture is there as a whole. */
  pictureEnded(key: boolean): void {
    if (key && !this.#afterGap) {
      this.#usual = this.#came;
      this.#usualKnown = true;
    }
    this.#came = { sps: false, pps: false };
    this.#afterGap = false;
  }

  /** The keys of the sets that no frame carries yet. */
  unwritten(): number[] {
    return [...this.#sets].flatMap(([key, { written }]) => (written ? [] : [key]));
  }

  /** The sets of these keys, those first that others refer to; they count as written from now on. */
  write(keys: Iterable<number>): Buffer[] {
    const ascending = [...new Set(keys)].sort((a, b) => a - b);
    return ascending.flatMap((key) => this.#wrote(key) ?? []);
  }

  /** The avcC record (ISO/IEC 14496-15 §5.3.3.1) for 4-byte lengths and these sets, of one sequence parameter set. */
  decoderConfiguration(keys: readonly number[]): { sps: Buffer; record: Buffer } | undefined {
    const [sps, ...pps] = keys.flatMap((key) => this.#sets.get(key)?.nal ?? []);
    if (!sps) return undefined;
    const head = Buffer.from([1, ...sps.subarray(1, 4), 0xff, 0xe1]);
    const named = pps.slice(0, mostInRecord);
    const parts = [head, sized(sps), Buffer.of(named.length), ...named.map(sized)];
    return { sps, record: Buffer.concat(parts) };
  }

  #ppsOf(sps: number): number[] {
    const keys = [...this.#sets].filter(([key, set]) => isPps(key) && set.sps === sps);
    return keys.map(([key]) => key);
  }

  #wrote(key: number): Buffer | undefined {
    const set = this.#sets.get(key);
    if (set && !set.written) {
      set.written = true;
      this.#unwritten--;
    }
    return set?.nal;
  }

  #mustWrite(key: number): void {
    const set = this.#sets.get(key);
    if (!set?.written) return;
    set.written = false;
    this.#unwritten++;
  }

  #forget(key: number): void {
    const set = this.#sets.get(key);
    if (!set) return;
    this.#sets.delete(key);
    this.#bytes -= set.nal.length;
    if (!set.written) this.#unwritten--;
  }
}

const firstPpsKey = 32;
const ppsKey = (id: number): number => firstPpsKey + id;
const isPps = (key: number): boolean => key >= firstPpsKey;

function keyOf(nal: Buffer): { kind: "sps" | "pps"; key: number; sps: number } | undefined {
  if (nal.length > maxSetBytes) return undefined;
  if (typeOf(nal) === nalType.sps) {
    const id = spsId(nal);
    return id === undefined ? undefined : { kind: "sps", key: id, sps: id };
  }
  const ids = typeOf(nal) === nalType.pps ? ppsIds(nal) : undefined;
  return ids && { kind: "pps", key: ppsKey(ids.id), sps: ids.sps };
}

function sized(nal: Buffer): Buffer {
  const size = Buffer.alloc(2);
  size.writeUInt16BE(nal.length);
  return Buffer.concat([size, nal]);
}
