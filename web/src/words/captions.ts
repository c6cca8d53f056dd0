export const captionWords = {
  heading: "Captions",
  key: "c",
  unrecorded: "Captions come while the meeting is recorded.",
  paused: "Captions go on with the recording.",
  waiting: "What is said appears here.",
} as const;

/** Sooner, nobody takes it for something else, ms. */
const noticeableMs = 10_000;

/** Behind a name, when what they said is written down late: a busy machine writes when it has time. */
export function lateWords(lateMs: number): string {
  return lateMs < noticeableMs ? "" : ` (${Math.round(lateMs / 1_000)} s ago)`;
}
