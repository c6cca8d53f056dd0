import { recordAudit } from "../audit/record.ts";
import { AppError } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import { orThrow } from "../core/result.ts";
import { wholeNumber } from "../core/wholeNumber.ts";
import { type Database, statement, type Tx } from "../db/port.ts";
import { correlation } from "./correlation.ts";
import { type FeatureName, type Features, featureNames, type Weights } from "./match.ts";
import { scoreOf } from "./scoring.ts";
import { weightsOfOrg } from "./weights.ts";

/** What became of a match. */
export interface Sample {
  features: Features;
  isCompleted: boolean;
}

/** Of fewer nothing is learned. */
const fewestSamples = 100;
const mostSamples = 10_000;
/** Nothing is left out for good: it could not show any more that it counts. */
const lightest = 0.01;

const samplesOf = statement<{
  features: Partial<Record<FeatureName, number>>;
  isCompleted: boolean;
}>(
  "matches.samples",
  `SELECT m.features, m.state = 'completed' AS "isCompleted" FROM matches m
   WHERE m.state IN ('accepted', 'declined', 'completed')
     AND NOT EXISTS (SELECT 1 FROM match_people p WHERE p.match_id = m.id AND p.is_open)
     AND ($1::text IS NULL OR NOT EXISTS (
       SELECT 1 FROM match_people p JOIN users u ON u.id = p.user_id
       WHERE p.match_id = m.id AND u.org_id IS DISTINCT FROM $1))
   ORDER BY m.id DESC LIMIT ${mostSamples}`,
);

/** Two who tune at once take turns. */
const lockTable = statement(
  "matchingWeights.lock",
  "LOCK TABLE matching_weights IN SHARE ROW EXCLUSIVE MODE",
);

const insert = statement<{ version: number }>(
  "matchingWeights.insert",
  `INSERT INTO matching_weights (id, org_id, version, weights, sample_size, improvement, made_by)
   SELECT $1, $2, coalesce(max(w.version), 0) + 1, $3::jsonb, $4, $5, $6 FROM matching_weights w
   WHERE w.org_id IS NOT DISTINCT FROM $2
   RETURNING version`,
);

/** Who tunes what. */
export interface Tuning {
  /** Whose own matches they are of; null = all of the server. */
  orgId: string | null;
  actorUserId: string | undefined;
  minSamples?: number | undefined;
}

/**
 * Tunes the weights by what has become of matches, and stores them as a new version where that tells better who will meet;
 * the old ones stay.
 * @throws AppError VALIDATION_ERROR (`minSamples` from 100; `too_few_samples`, with how many there are)
 */
export function tuneWeights(db: Database, { orgId, actorUserId, minSamples }: Tuning) {
  const bounds = { min: fewestSamples, max: mostSamples };
  const needed = orThrow(wholeNumber("minSamples", minSamples ?? fewestSamples, bounds));
  return db.transaction(async (tx) => {
    await tx.run(lockTable);
    const samples = (await tx.all(samplesOf, [orgId])).map(({ features, isCompleted }) => ({
      features: completeFeatures(features),
      isCompleted,
    }));
    if (samples.length < needed) {
      const message = `Of ${needed} outcomes that are needed there are ${samples.length}`;
      const found = { reason: "too_few_samples", samples: samples.length, limit: needed };
      throw new AppError("VALIDATION_ERROR", message, { field: "minSamples", ...found });
    }
    const present = await weightsOfOrg(tx, orgId);
    const tuned = tunedWeights(present, samples);
    if (tuned.improvement <= 0)
      return { weights: present, improvement: 0, samples: samples.length };
    await store(tx, { orgId, actorUserId, samples: samples.length, ...tuned });
    return { ...tuned, samples: samples.length };
  });
}

interface Tuned {
  weights: Weights;
  /** By how much the score correlates more with that a match was completed. */
  improvement: number;
}

/** Weights that follow how each feature goes with what was completed. */
export function tunedWeights(present: Weights, samples: readonly Sample[]): Tuned {
  const raw = featureNames.map((name) => {
    const pairs = samples.flatMap(({ features, isCompleted }) =>
      features[name] === null ? [] : [[features[name], Number(isCompleted)] as const],
    );
    return [name, Math.max(lightest, present[name] * (1 + correlation(pairs)))] as const;
  });
  const sum = raw.reduce((total, [, weight]) => total + weight, 0);
  const weights = Object.fromEntries(raw.map(([name, weight]) => [name, weight / sum])) as Weights;
  const improvement = foresight(weights, samples) - foresight(present, samples);
  return { weights, improvement };
}

/** How well the score tells what is completed. */
const foresight = (weights: Weights, samples: readonly Sample[]): number =>
  correlation(
    samples.map(({ features, isCompleted }) => [scoreOf(features, weights), Number(isCompleted)]),
  );

function completeFeatures(stored: Partial<Record<FeatureName, number>>): Features {
  return Object.fromEntries(featureNames.map((name) => [name, stored[name] ?? null])) as Features;
}

interface NewVersion extends Tuned {
  orgId: string | null;
  actorUserId: string | undefined;
  samples: number;
}

async function store(tx: Tx, made: NewVersion): Promise<void> {
  const { orgId, actorUserId, weights, samples, improvement } = made;
  const id = newId("matchingWeights");
  const values = [id, orgId, JSON.stringify(weights), samples, improvement, actorUserId ?? null];
  const { version = 0 } = (await tx.first(insert, values)) ?? {};
  await recordAudit(tx, {
    ...{ actorUserId, orgId: orgId ?? undefined },
    ...{ resourceType: "matchingWeights", resourceId: id, action: "matchingWeights.tune" },
    metadata: { version, samples },
  });
}
