import type { Attendee } from "../parts/meetingTypes.ts";

/** Who is in the meeting already, in a sentence. */
export function Presence({
  attendees,
  selfId,
}: {
  attendees: readonly Attendee[];
  selfId: string;
}) {
  const names = attendees
    .filter(({ userId, presence }) => userId !== selfId && presence === "joined")
    .map(({ user }) => user.displayName ?? "Somebody without a name");
  return (
    <p className="lobby__presence" role="status">
      {presenceWords(names)}
    </p>
  );
}

const namedAtMost = 3;

export function presenceWords(names: readonly string[]): string {
  if (names.length === 0) return "Nobody else is here yet.";
  if (names.length === 1) return `${names[0]} is here.`;
  const named = names.slice(0, names.length > namedAtMost ? namedAtMost : -1).join(", ");
  const rest = names.length - namedAtMost;
  const others = rest === 1 ? "1 other" : `${rest} others`;
  return `${named} and ${rest > 0 ? others : names.at(-1)} are here.`;
}
