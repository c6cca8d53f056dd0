import { type ReadTx, statement } from "../db/port.ts";

export interface Census {
  /** Recordings by state, deleted ones left out. */
  recordings: { state: string; count: number }[];
  /** Renditions that wait for a composer or are with one. */
  renditions: { state: string; count: number }[];
}

const countRecordings = statement<{ state: string; count: number }>(
  "recordings.census",
  `SELECT state, count(*) AS count FROM recordings WHERE deleted_at IS NULL GROUP BY state`,
);

const countRenditions = statement<{ state: string; count: number }>(
  "renditions.census",
  `SELECT state, count(*) AS count FROM renditions WHERE state IN ('queued', 'composing') GROUP BY state`,
);

export async function census(tx: ReadTx): Promise<Census> {
  return {
    recordings: await tx.all(countRecordings),
    renditions: await tx.all(countRenditions),
  };
}
