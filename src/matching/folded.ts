/** The same for every spelling of a word that people mean alike. */
export const folded = (text: string): string =>
  text
    .normalize("NFKC")
    .trim()
    .toLowerCase()
    .replace(/[\s_-]+/gu, " ");
