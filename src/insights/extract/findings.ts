/** Where something was said, or that it stands in the notes. */
export type Evidence =
  | { kind: "transcript"; sequence: number; startMs: number }
  | { kind: "notes" };

/** What somebody said that matters. */
export interface Quote {
  text: string;
  /** Null where nobody knows. */
  speakerId: string | null;
  evidence: Evidence;
}

/** Something that is to be done. */
export interface ActionItem {
  /** What, without owner and date: `fix the login page`. */
  text: string;
  /** Who does it: only whoever promised it, was named, or agreed when asked. */
  ownerId: string | null;
  /** Who asked for it. */
  requesterId: string | null;
  /** By when, as it was said; null where nobody said. */
  due: string | null;
  /** Never empty: the request, and the answer that made it somebody's. */
  evidence: readonly [Evidence, ...Evidence[]];
}

/** What was found in a meeting's transcript and notes. */
export interface Findings {
  /** What it was about, in the order of speech. */
  points: Quote[];
  decisions: Quote[];
  /** In the order in which they came up. */
  actionItems: ActionItem[];
  /** By speaker, what they said that is most about what the meeting was about, and is none of its points. */
  own: ReadonlyMap<string, Quote>;
}

/** Somebody in the meeting, by the name that others call them. */
export interface NamedPerson {
  id: string;
  /** Null where they have told none. */
  name: string | null;
}

/** What is to be done, and by when. */
export function taskWords({ text, due }: Pick<ActionItem, "text" | "due">): string {
  return due === null ? text : `${text} (${due})`;
}
