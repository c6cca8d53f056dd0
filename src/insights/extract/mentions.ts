import type { NamedPerson } from "./findings.ts";

/** Where a text names somebody. */
export interface Mention {
  personId: string;
  /** Its place in the text. */
  from: number;
  to: number;
}

/** Finds the people of a meeting in what is said, by whole or first names that are one person's alone. */
export class Names {
  /** By first word, the longest names first. */
  readonly #byFirst = new Map<string, { words: string[]; personId: string | null }[]>();

  constructor(people: readonly NamedPerson[]) {
    for (const { id, name } of people) {
      const words = wordsIn(name ?? "").map(({ word }) => word);
      const [first] = words;
      if (first === undefined) continue;
      this.#add(words, id);
      if (words.length > 1) this.#add([first], id);
    }
    for (const names of this.#byFirst.values())
      names.sort((a, b) => b.words.length - a.words.length);
  }

  /** Where one of them is named, in order. */
  in(text: string): Mention[] {
    const words = wordsIn(text);
    const found: Mention[] = [];
    for (let at = 0; at < words.length; at++) {
      const name = this.#nameAt(words, at);
      if (!name) continue;
      const [from, to] = [words[at]?.from ?? 0, words[at + name.words.length - 1]?.to ?? 0];
      if (name.personId !== null) found.push({ personId: name.personId, from, to });
      at += name.words.length - 1;
    }
    return found;
  }

  #add(words: string[], personId: string): void {
    const [first = ""] = words;
    const names = this.#byFirst.get(first) ?? [];
    this.#byFirst.set(first, names);
    const same = names.find((name) => name.words.join(" ") === words.join(" "));
    // Two who are called that: nobody is meant for certain.
    if (same && same.personId !== personId) same.personId = null;
    else if (!same) names.push({ words, personId });
  }

  #nameAt(words: readonly { word: string }[], at: number) {
    const names = this.#byFirst.get(words[at]?.word ?? "") ?? [];
    return names.find((name) =>
      name.words.every((word, index) => words[at + index]?.word === word),
    );
  }
}

/** Capitals count: "Mark" and "Will" are names, "mark" and "will" are none. */
function wordsIn(text: string): { word: string; from: number; to: number }[] {
  return [
    ...text.matchAll(/[\p{L}\p{N}][\p{L}\p{M}\p{N}]*(?:[-'’][\p{L}\p{N}][\p{L}\p{M}\p{N}]*)*/gu),
  ].map(({ 0: word, index }) => ({
    word: word.replace(/['’]s$/, ""),
    from: index,
    to: index + word.length,
  }));
}
