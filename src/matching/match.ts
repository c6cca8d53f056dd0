/** What two people are compared by, as published. */
export const featureNames = [
  "interestOverlap",
  "experienceGap",
  "industryMatch",
  "timezoneCompatibility",
  "languageOverlap",
  "orgConstraintMatch",
  "roleComplementarity",
  "vectorSimilarity",
] as const;

export type FeatureName = (typeof featureNames)[number];

/** 0 (nothing in common) to 1; null = not known of one of them. */
export type Features = Record<FeatureName, number | null>;

/** How much each counts; only their proportions matter. */
export type Weights = Record<FeatureName, number>;

/** Until somebody has had others tuned. */
export const defaultWeights: Weights = {
  interestOverlap: 0.25,
  vectorSimilarity: 0.2,
  experienceGap: 0.15,
  industryMatch: 0.1,
  timezoneCompatibility: 0.1,
  languageOverlap: 0.1,
  orgConstraintMatch: 0.05,
  roleComplementarity: 0.05,
};

/** Below that nobody is brought together. */
export const lowestScore = 0.6;
/** The shortest time that two must both be free, ms. */
export const shortestMeetingMs = 900_000;
/** Meetings are made for that long, or for as long as both are free, ms. */
export const usualMeetingMs = 1_800_000;
/** After a decline two are not brought together again for so long. */
export const declineHolds = "7 days";

export type EntryStatus = "waiting" | "matched" | "expired" | "cancelled";

/** `proposed` until both have said yes; `lapsed` = one did not answer in time. */
export type MatchState = "proposed" | "accepted" | "declined" | "lapsed" | "completed";

/** What somebody who waits is compared by. Times are epoch ms. */
export interface Candidate {
  userId: string;
  name: string | null;
  orgId: string | null;
  isOwnOrgOnly: boolean;
  /** When they are free; null where only the people are compared. */
  availableFrom: number | null;
  availableTo: number | null;
  interests: readonly string[];
  roles: readonly string[];
  field: string | null;
  experience: string | null;
  languages: readonly string[];
  /** Their profile as an embedding of the model in use; null where nobody has made one. */
  profileVector: Float32Array | null;
}
