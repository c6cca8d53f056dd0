import type { PersonView } from "./media/roomView.ts";
import type { RecordingView } from "./recording/recordingView.ts";

/** What is announced when it changes. */
export interface Announced {
  people: readonly Pick<PersonView, "userId" | "name" | "isSelf" | "screen">[];
  recording: RecordingView | undefined;
}

/** What has changed for people, in sentences. */
export function announcements(before: Announced, after: Announced): string[] {
  return [
    ...comings(before.people, after.people),
    ...screens(before.people, after.people),
    ...recordingChanges(before.recording, after.recording),
  ];
}

type People = Announced["people"];

function comings(before: People, after: People): string[] {
  const others = (people: People) => people.filter(({ isSelf }) => !isSelf);
  const joined = others(missingIn(before, after)).map(({ name }) => `${name} joined.`);
  const left = others(missingIn(after, before)).map(({ name }) => `${name} left.`);
  return [...joined, ...left];
}

function screens(before: People, after: People): string[] {
  const sharing = (people: People) =>
    people.filter(({ screen, isSelf }) => screen !== undefined && !isSelf);
  const begun = missingIn(sharing(before), sharing(after));
  const ended = missingIn(sharing(after), sharing(before)).filter(({ userId }) =>
    after.some((person) => person.userId === userId),
  );
  return [
    ...begun.map(({ name }) => `${name} shows a screen.`),
    ...ended.map(({ name }) => `${name} no longer shows a screen.`),
  ];
}

function recordingChanges(
  before: RecordingView | undefined,
  after: RecordingView | undefined,
): string[] {
  if (after === undefined) return before === undefined ? [] : ["The recording has ended."];
  const isSame = before?.recordingId === after.recordingId;
  if (isSame && before.state === after.state) return writingChanges(before, after);
  const by = after.by === undefined ? "" : `, started by ${after.by}`;
  const written = after.transcribed ? " and written down" : "";
  if (after.state === "paused") return ["The recording is paused."];
  if (after.state !== "recording") return [];
  return before?.state === "paused"
    ? ["The recording goes on."]
    : [`This meeting is being recorded${written}${by}.`];
}

function writingChanges(before: RecordingView, after: RecordingView): string[] {
  if (before.transcribed === after.transcribed) return [];
  return [`What is said is ${after.transcribed ? "now" : "no longer"} written down.`];
}

function missingIn(known: People, people: People): People {
  return people.filter(({ userId }) => !known.some((person) => person.userId === userId));
}
