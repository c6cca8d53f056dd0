/**
 * How a language says what is looked for. Patterns are for one clause with plain apostrophes; those that lead to a task end
 * where its verb begins.
 */
export interface LanguagePack {
  /** Words that say nothing of what is talked about, in small letters. */
  stopWords: ReadonlySet<string>;
  /** A word without its endings, so that forms of it count as one. */
  stem(word: string): string;
  /** Dots behind these end no sentence; in small letters. */
  abbreviations: ReadonlySet<string>;
  /** Somebody else, or the speaker again, is said to do something from here on: a clause of its own. */
  clauseBreak: RegExp;
  /** The speaker takes something on. */
  promise: RegExp;
  /** Whoever is spoken to is asked for something. */
  request: RegExp;
  /** As `request`, with nothing in front: `please send …`. */
  plea: RegExp;
  /** Behind a name: they are to do something. */
  assignment: RegExp;
  /** In front of a name at the beginning: `Okay Carol, …`. */
  opening: RegExp;
  /** It is to be done, by nobody in particular. */
  open: RegExp;
  /** Somebody takes on what was just asked for; at the beginning of what they say. */
  agreement: RegExp;
  /** As `agreement`, where they say that they will do it themselves. */
  undertaking: RegExp;
  /** Somebody does not. */
  refusal: RegExp;
  /** In a sentence whose tasks depend on something, or are over. */
  unreal: RegExp;
  /** Politeness that looks like a condition. */
  politeness: RegExp;
  /** In front of a promise that is reported or doubted. */
  reported: RegExp;
  /** Tasks that are over when they are said. */
  passing: RegExp;
  /** Politeness within a task. */
  filler: RegExp;
  /** What follows a task and is none of it. */
  tail: RegExp;
  /** By when: in it, and at its end. */
  dueWithin: RegExp;
  dueAtEnd: RegExp;
  /** Something was decided. */
  decision: RegExp;
  undecided: RegExp;
  /** A line of notes that is a task; the task is behind it. */
  noteTask: RegExp;
}
