/** Fails where the text no longer has what is replaced: then the test would try something else. */
export function replaced(text: string, changes: readonly (readonly [string, string])[]): string {
  return changes.reduce((current, [from, to]) => {
    if (!current.includes(from)) throw new Error(`the text lacks ${from}`);
    return current.replaceAll(from, to);
  }, text);
}
