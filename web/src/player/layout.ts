/** The picture of the recording, as the finished file has it. */
export const canvas = { width: 1280, height: 720 };
const gap = 8;

export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

export type Layout = "grid" | "spotlight" | "single-participant";

/**
 * Where tiles go on the canvas, as the server composes them, so that nothing jumps when the finished file takes over.
 * With `large`, or in `spotlight`, the first is the large one.
 */
export function tileRects(layout: Layout, count: number, large = false): Rect[] {
  if (count === 0) return [];
  if (count === 1 || layout === "single-participant") return [{ x: 0, y: 0, ...canvas }];
  return layout === "grid" && !large ? grid(count) : spotlight(count);
}

function widescreen(width: number, height: number): { width: number; height: number } {
  const fitted = Math.min(width, (height * 16) / 9);
  return { width: fitted, height: (fitted * 9) / 16 };
}

function gridTile(count: number, columns: number) {
  const rows = Math.ceil(count / columns);
  return widescreen(
    (canvas.width - gap * (columns + 1)) / columns,
    (canvas.height - gap * (rows + 1)) / rows,
  );
}

function grid(count: number): Rect[] {
  let columns = 1;
  for (let more = 2; more <= count; more++)
    if (gridTile(count, more).width > gridTile(count, columns).width) columns = more;
  const tile = gridTile(count, columns);
  const rows = Math.ceil(count / columns);
  const top = (canvas.height - rows * (tile.height + gap) + gap) / 2;
  return Array.from({ length: count }, (_, index) => {
    const row = Math.floor(index / columns);
    const inRow = row === rows - 1 ? count - row * columns : columns;
    const left = (canvas.width - inRow * (tile.width + gap) + gap) / 2;
    const x = left + (index % columns) * (tile.width + gap);
    return { x, y: top + row * (tile.height + gap), ...tile };
  });
}

function spotlight(count: number): Rect[] {
  const others = count - 1;
  const small = widescreen(canvas.width / 5, (canvas.height - gap * (others + 1)) / others);
  const large = widescreen(canvas.width - small.width - 3 * gap, canvas.height - 2 * gap);
  const left = (canvas.width - large.width - small.width - gap) / 2;
  const top = (canvas.height - others * (small.height + gap) + gap) / 2;
  const column = Array.from({ length: others }, (_, index) => ({
    x: left + large.width + gap,
    y: top + index * (small.height + gap),
    ...small,
  }));
  return [{ x: left, y: (canvas.height - large.height) / 2, ...large }, ...column];
}
