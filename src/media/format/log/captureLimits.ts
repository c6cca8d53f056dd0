/**
 * What one recording holds at most of what participants can multiply: far more than a meeting of hours on a bad network
 * makes. Whoever has had their share is left out of the rest, which the log tells (`leftOut`).
 */
export const captureLimits = {
  /** Track files; one person has at most this portion of what is left. */
  tracks: 16_000,
  portion: 1 / 8,
  /** Different people. */
  participants: 500,
  /** Of the log, what tells of one person's media and can be done without: bytes a second, and at once. */
  logBytesPerSecond: 2048,
  logBurstBytes: 65_536,
  /** Kinds of what was left out that are told apart. */
  leftOut: 1000,
  /** Problems told of a recording; one person's are at most `portion` of what is left. */
  problems: 1000,
} as const;
