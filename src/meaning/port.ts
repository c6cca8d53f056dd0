/** Makes vectors of texts: what is alike in meaning lies close together. */
export interface Embedder {
  /** Vectors of different models are never compared. */
  readonly model: string;
  readonly version: string;
  /** Who computes it, as administrators are told. */
  readonly provider: string;
  /**
   * The texts as vectors of length 1, all of as many dimensions, in their order. At most 16 texts of 2,000 characters each.
   * @throws Error where the model does not run here or gives no answer; the signal's reason
   */
  embed(texts: readonly string[], options: EmbedOptions): Promise<Float32Array[]>;
}

export interface EmbedOptions {
  /** Somebody waits for it: before what nobody waits for. */
  urgent: boolean;
  signal: AbortSignal;
}

/** Texts that are embedded at once, and their length. */
export const mostTexts = 16;
export const longestEmbedded = 2_000;

/** The vectors of one meeting's lines, as they were at one version. */
export interface VectorSet {
  id: string;
  version: number;
  /** Of each vector, in order: the line's number. */
  keys: Int32Array;
  /** One after the other. */
  vectors: Float32Array;
}

export interface NearestRequest {
  query: Float32Array;
  /** What is looked at. */
  sets: readonly Pick<VectorSet, "id" | "version">[];
  /** Cosine: what is less alike is left out. */
  threshold: number;
  /** The nearest so many. */
  most: number;
}

export interface Near {
  setId: string;
  key: number;
  /** Cosine. */
  score: number;
}

/** Looks at every vector: exact, and fast enough for some 100,000. */
export interface VectorScan {
  /** How many numbers (vectors × dimensions) are kept at most; the set not asked for the longest goes first. */
  readonly capacity: number;
  /**
   * The nearest, and which of the sets were not kept at that version: those were not looked at.
   * @throws Error when the process dies; the signal's reason
   */
  nearest(
    request: NearestRequest,
    signal: AbortSignal,
  ): Promise<{ near: Near[]; missing: string[] }>;
  /** Keeps a set, until others need its place. */
  keep(set: VectorSet): void;
}

/** What search by meaning is made of. */
export interface Meaning {
  embedder: Embedder;
  scan: VectorScan;
}
