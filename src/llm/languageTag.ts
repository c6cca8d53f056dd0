const letters = [..."abcdefghijklmnopqrstuvwxyz"];

/** Two-letter codes by the English names of their languages, in lower case. */
const codes = new Map<string, string>();

function codeOf(name: string): string | undefined {
  if (codes.size === 0) {
    const names = new Intl.DisplayNames("en", { type: "language", fallback: "none" });
    for (const code of letters.flatMap((first) => letters.map((second) => first + second))) {
      const known = names.of(code)?.toLowerCase();
      if (known !== undefined && !codes.has(known)) codes.set(known, code);
    }
  }
  return codes.get(name.toLowerCase());
}

/** What a model calls a language, as a tag (BCP 47): models say "en", OpenAI's "english". "und" where it is neither. */
export function languageTag(language: string): string {
  const code = codeOf(language);
  if (code !== undefined) return code;
  if (!/^[a-z]{2,3}(-[a-z0-9]{2,8}){0,3}$/i.test(language)) return "und";
  try {
    return Intl.getCanonicalLocales(language)[0] ?? "und";
  } catch {
    return "und";
  }
}
