import type { LanguagePack } from "./languagePack.ts";

/** Longer ones are no words that anybody says. */
const longestWord = 40;

/** The words of a text that say what it is about, in its order, without their endings. */
export function contentWords(text: string, { stopWords, stem }: LanguagePack): string[] {
  return spokenWords(text, { stopWords }).map(stem);
}

/** As `contentWords`, as they were said, in small letters. */
export function spokenWords(
  text: string,
  { stopWords }: Pick<LanguagePack, "stopWords">,
): string[] {
  const found = text.toLocaleLowerCase("en").match(/[\p{L}\p{N}][\p{L}\p{M}\p{N}'’-]*/gu) ?? [];
  return found.filter(
    (word) =>
      word.length > 2 && word.length <= longestWord && !stopWords.has(word) && !isShortForm(word),
  );
}

/** "don't", "we'll": never what is talked about. */
const isShortForm = (word: string) => /['’](?:t|ll|re|ve|d|m)$/.test(word);

/** How much of all there is in either is in both; 0 where both are empty. */
export function jaccard(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  let both = 0;
  for (const each of one) if (other.has(each)) both++;
  const all = one.size + other.size - both;
  return all === 0 ? 0 : both / all;
}
