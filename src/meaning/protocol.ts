import type { Near, NearestRequest, VectorSet } from "./port.ts";

/** What the process is asked; sent as structured clones, so that vectors are no text. */
export type VectorRequest =
  | { type: "embed"; id: number; texts: readonly string[]; urgent: boolean }
  | ({ type: "nearest"; id: number } & NearestRequest)
  | { type: "keep"; set: VectorSet };

export type VectorAnswer =
  | { type: "embedded"; id: number; vectors: Float32Array[] }
  | { type: "nearest"; id: number; near: Near[]; missing: string[] }
  | { type: "failed"; id: number; reason: string };

/** Numbers kept by the process: 130,000 vectors of 512, 256 MiB. */
export const keptNumbers = 2 ** 26;
