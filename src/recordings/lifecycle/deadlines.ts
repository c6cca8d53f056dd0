/** A node working on a recording is left alone for that long, ms; then another takes over. */
export const leaseMs = 20_000;

/** How long a provider may leave a state unconfirmed or be out of reach before the recording is given up, ms. */
export const patience = {
  starting: 60_000,
  stopping: 10 * 60_000,
  finishing: 2 * 3_600_000,
} as const;

/** Pause before an unreachable or undecided provider is asked again, ms. */
export const retryMs = 2_000;

/** How long a recording may be `processing` before settle looks at it again, ms. */
export const processingPollMs = 30_000;
