/** Steps without which nothing passes a point. */
export type Need = "stop" | "delete" | "endMeeting";

/** What passes a point: a transaction with that statement, a request, or another effect. */
type Passage = `${"tx" | "http" | "file" | "told"} ${string} ${"before" | "after"}`;

const points = {
  "start: its row not stored": ["tx recordings.insert before"],
  "start: its row stored, nothing sent": ["tx recordings.insert after"],
  "start: settings written": ["http UpdateCall after"],
  "start: not sent": ["http StartRecording before"],
  "start: accepted, the answer lost": ["http StartRecording after"],
  "start: accepted, not noted": ["tx recordings.keepProviderRef before"],
  "start: accepted and noted": ["tx recordings.keepProviderRef after"],
  "start: seen to run, not noted": ["tx recordings.advance:recording before"],
  "start: seen to run, noted, not answered": ["tx recordings.advance:recording after"],
  "stop: the wish not stored": ["tx recordings.advance:stopping before", "stop"],
  "stop: the wish stored, nothing sent": ["tx recordings.advance:stopping after", "stop"],
  "stop: not sent": ["http StopRecording before", "stop"],
  "stop: accepted, the answer lost": ["http StopRecording after", "stop"],
  "settle: taken": ["tx recordings.claimDue after"],
  "settle: end seen, not noted": ["tx recordings.advance:processing before", "stop"],
  "settle: end noted": ["tx recordings.advance:processing after", "stop"],
  "file: found, not noted": ["tx providerFiles.claim before", "stop"],
  "file: found and noted": ["tx providerFiles.claim after", "stop"],
  "file: taken by a worker": ["tx renditions.claim after", "stop"],
  "file: asked for, nothing come": ["file fetch before", "stop"],
  "file: half fetched": ["file half after", "stop"],
  "file: fetched": ["file fetch after", "stop"],
  "file: made": ["file adopt after", "stop"],
  "file: stored, not noted": ["file put after", "stop"],
  "file: its row not finished": ["tx renditions.finish before", "stop"],
  "file: its row finished": ["tx renditions.finish after", "stop"],
  "deletion: not noted": ["tx recordings.markDeleted before", "stop", "delete"],
  "deletion: noted": ["tx recordings.markDeleted after", "stop", "delete"],
  "purge: not sent to Stream": ["http DeleteRecording before", "stop", "delete"],
  "purge: gone at Stream, not noted": ["http DeleteRecording after", "stop", "delete"],
  "purge: gone, its row not finished": ["tx recordings.markPurged before", "stop", "delete"],
  "end of the meeting: not noted": ["tx meetings.sendHome before", "endMeeting"],
  "end of the meeting: noted": ["tx meetings.sendHome after", "endMeeting"],
  "end of the meeting: call closed, not noted": ["http EndCall after", "endMeeting"],
  "notice: not stored": ["tx notices.store before"],
  "notice: stored, not answered": ["tx notices.store after"],
  "notice: taken": ["tx notices.claim after"],
  "notice: not finished": ["tx notices.finish before"],
  "webhook: taken": ["tx webhooks.claim after"],
  "webhook: received, not noted": ["told received after"],
  "webhook: noted": ["tx webhooks.settle after"],
} as const satisfies Record<string, readonly [Passage, ...Need[]]>;

export type PointName = keyof typeof points | typeof anywhere;
/** Any passage at all. */
export const anywhere = "anywhere";

export const pointNames = Object.keys(points) as Exclude<PointName, typeof anywhere>[];

export function needsOf(name: PointName): readonly Need[] {
  if (name === anywhere) return [];
  const [, ...needs] = points[name] as readonly [Passage, ...Need[]];
  return needs;
}

/** Whether a passage is by this point. */
export function isAt(name: PointName, passage: string): boolean {
  return name === anywhere || points[name][0] === passage;
}
