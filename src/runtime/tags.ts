/** The sections of the API reference, in reading order. */
export const tagDescriptions = {
  Users: "Who somebody is: sign-in, identity, profile and plan.",
  Meetings: "Planning, running and joining meetings, and recording them.",
  Transcripts: "What was said: transcripts of meetings and control of transcription.",
  Insights: "What can be learned from meetings: summaries, analyses and figures.",
  Prompts: "Suggestions of what to say next, before and during a conversation.",
  Notes: "Notes people write together in a meeting, and what follows from them.",
  WebRTC: "Real-time media between browsers: sessions, signalling and connection help.",
  System: "Everything about the server itself, and what fits nowhere else.",
} as const;

export type Tag = keyof typeof tagDescriptions;

/** First match decides; the order is part of the published API. */
const rules: readonly (readonly [Tag, RegExp])[] = [
  ["Users", /user|account|profile/i],
  ["Meetings", /meeting|calendar|event/i],
  ["Transcripts", /transcript/i],
  ["Insights", /insight|analysis|analytics/i],
  ["Prompts", /prompt/i],
  ["Notes", /note|summary/i],
  ["WebRTC", /webrtc|rtc|session/i],
];

/** The tag of a function that names none. */
export function tagOf(path: string): Tag {
  return rules.find(([, pattern]) => pattern.test(path))?.[0] ?? "System";
}
