import { type ReadTx, statement } from "../db/port.ts";
import { type Candidate, defaultWeights, type Weights } from "./match.ts";

const newest = statement<{ orgId: string | null; weights: Weights }>(
  "matchingWeights.newest",
  `SELECT DISTINCT ON (org_id) org_id AS "orgId", weights FROM matching_weights ORDER BY org_id, version DESC`,
);

/** The weights that hold for two people: their organisation's, where they share one that has some, or the server's. */
export type WeightsOf = (one: Candidate, other: Candidate) => Weights;

export async function weightsInForce(tx: ReadTx): Promise<WeightsOf> {
  const rows = await tx.all(newest);
  const byOrg = new Map(rows.map(({ orgId, weights }) => [orgId, weights]));
  const ofServer = byOrg.get(null) ?? defaultWeights;
  return (one, other) =>
    (one.orgId !== null && one.orgId === other.orgId ? byOrg.get(one.orgId) : undefined) ??
    ofServer;
}

/** The weights of an organisation's own people, or of the server (null). */
export async function weightsOfOrg(tx: ReadTx, orgId: string | null): Promise<Weights> {
  const rows = await tx.all(newest);
  const of = (id: string | null) => rows.find((row) => row.orgId === id)?.weights;
  return of(orgId) ?? of(null) ?? defaultWeights;
}
