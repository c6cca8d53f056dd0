/** A file's name that every system takes, from a title: `Plans-2027-notes.md`. */
export function fileNameOf(title: string, what: string, extension: string): string {
  const name = title
    .normalize("NFC")
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 60);
  return `${name === "" ? "" : `${name}-`}${what}.${extension}`;
}
