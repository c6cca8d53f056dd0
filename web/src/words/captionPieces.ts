/** A caption has at most that many rows, of so many characters. */
const mostRows = 2;
const rowLength = 40;

/**
 * Text in pieces that each fit into a caption, their rows apart by line breaks.
 * @param lead characters that stand before the first row of each, as a name does
 */
export function captionPieces(text: string, lead = 0): string[] {
  const pieces: string[] = [];
  let rows: string[] = [];
  for (const word of wordsOf(text, rowLength - lead)) {
    const room = rowLength - (rows.length === 1 ? lead : 0);
    const longer = rows.length === 0 ? undefined : `${rows.at(-1)} ${word}`;
    if (longer !== undefined && longer.length <= room) rows[rows.length - 1] = longer;
    else if (rows.length < mostRows) rows.push(word);
    else {
      pieces.push(rows.join("\n"));
      rows = [word];
    }
  }
  return rows.length === 0 ? pieces : [...pieces, rows.join("\n")];
}

/** Words; what has nowhere to break is cut, never inside a character. */
function wordsOf(text: string, longest: number): string[] {
  return text
    .split(/\s+/)
    .filter((word) => word !== "")
    .flatMap((word) => {
      if (word.length <= longest) return [word];
      const signs = [...word];
      const parts = Array.from({ length: Math.ceil(signs.length / longest) }, (_, at) =>
        signs.slice(at * longest, (at + 1) * longest),
      );
      return parts.map((part) => part.join(""));
    });
}
