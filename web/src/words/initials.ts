/** Up to two letters that stand for a name: of its first and its last word that have any, as on the recorded picture. */
export function initialsOf(name: string): string {
  const words = name.split(/\s+/).flatMap((word) => /[\p{L}\p{N}]/u.exec(word)?.[0] ?? []);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : words;
  return letters.join("").toUpperCase() || "?";
}
