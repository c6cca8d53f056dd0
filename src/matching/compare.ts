import type { User } from "../auth/identity.ts";
import { AppError } from "../core/errors.ts";
import { orThrow } from "../core/result.ts";
import type { ReadTx } from "../db/port.ts";
import { peopleById } from "./candidates.ts";
import { publishedFeatures } from "./history.ts";
import type { Candidate, Weights } from "./match.ts";
import { type Constraints, checkConstraints, checkWeights } from "./rules.ts";
import { featuresOf, reasonsOf, scoreOf } from "./scoring.ts";
import { weightsInForce } from "./weights.ts";

/** Two people and what each would ask for. */
export interface Comparison {
  user1Id: string;
  user1Constraints: Constraints;
  user2Id: string;
  user2Constraints: Constraints;
  customWeights?: Weights | undefined;
}

/**
 * How well two people fit. The caller may ask about one of them at least; of somebody else's hidden profile nothing is told.
 * @throws AppError NOT_FOUND, VALIDATION_ERROR with `field`
 */
export async function compatibility(
  tx: ReadTx,
  viewer: User | undefined,
  { user1Id, user1Constraints, user2Id, user2Constraints, customWeights }: Comparison,
) {
  if (user1Id === user2Id)
    throw new AppError("VALIDATION_ERROR", "Name two people", { field: "user2Id" });
  const people = await peopleById(tx, [user1Id, user2Id]);
  const candidate = (field: "user1" | "user2", id: string, wish: Constraints): Candidate => {
    const found = people.find(({ userId }) => userId === id);
    if (!found || (!found.isShown && viewer?.id !== id))
      throw new AppError("NOT_FOUND", "User not found", { id: id.slice(0, 64) });
    const { isShown: _, ...person } = found;
    const orgId = person.orgId ?? undefined;
    return { ...person, ...orThrow(checkConstraints(`${field}Constraints`, wish, orgId)) };
  };
  const one = candidate("user1", user1Id, user1Constraints);
  const other = candidate("user2", user2Id, user2Constraints);
  const features = featuresOf(one, other);
  const weights = customWeights && orThrow(checkWeights("customWeights", customWeights));
  const score = scoreOf(features, weights ?? (await weightsInForce(tx))(one, other));
  return {
    score,
    features: publishedFeatures(features),
    explanation: reasonsOf(one, other),
  };
}
