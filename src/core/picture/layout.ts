import type { RecordingLayout } from "../recording.ts";
import { even, evenPosition, type Rect, type Size, widescreen } from "./geometry.ts";

/**
 * Where tiles go. For `grid` one rectangle per participant in order; for `spotlight` the first is the large one;
 * for `single-participant` there is one only. One participant always fills the canvas.
 */
export function tileRects(layout: RecordingLayout, participants: number, canvas: Size): Rect[] {
  if (participants === 0) return [];
  if (participants === 1 || layout === "single-participant") return [{ x: 0, y: 0, ...canvas }];
  return layout === "grid" ? grid(participants, canvas) : spotlight(participants, canvas);
}

/** Space between tiles and around them. */
export function gapOf(canvas: Size): number {
  return even(canvas.height / 90);
}

function grid(count: number, canvas: Size): Rect[] {
  const columns = bestColumns(count, canvas);
  const tile = gridTile(count, columns, canvas);
  const gap = gapOf(canvas);
  const rows = Math.ceil(count / columns);
  const top = evenPosition((canvas.height - rows * (tile.height + gap) + gap) / 2);
  return Array.from({ length: count }, (_, index) => {
    const row = Math.floor(index / columns);
    const inRow = row === rows - 1 ? count - row * columns : columns;
    const left = evenPosition((canvas.width - inRow * (tile.width + gap) + gap) / 2);
    const x = left + (index % columns) * (tile.width + gap);
    return { x, y: top + row * (tile.height + gap), ...tile };
  });
}

/** The number of columns that gives the largest tiles. */
function bestColumns(count: number, canvas: Size): number {
  const width = (columns: number) => gridTile(count, columns, canvas).width;
  let best = 1;
  for (let columns = 2; columns <= count; columns++)
    if (width(columns) > width(best)) best = columns;
  return best;
}

function gridTile(count: number, columns: number, canvas: Size): Size {
  const gap = gapOf(canvas);
  const rows = Math.ceil(count / columns);
  return widescreen({
    width: (canvas.width - gap * (columns + 1)) / columns,
    height: (canvas.height - gap * (rows + 1)) / rows,
  });
}

/** The featured one large on the left, the others in a column on the right. */
function spotlight(count: number, canvas: Size): Rect[] {
  const gap = gapOf(canvas);
  const others = count - 1;
  const small = widescreen({
    width: canvas.width / 5,
    height: (canvas.height - gap * (others + 1)) / others,
  });
  const large = widescreen({
    width: canvas.width - small.width - 3 * gap,
    height: canvas.height - 2 * gap,
  });
  const left = evenPosition((canvas.width - large.width - small.width - gap) / 2);
  const top = evenPosition((canvas.height - others * (small.height + gap) + gap) / 2);
  const column = Array.from({ length: others }, (_, index) => ({
    x: left + large.width + gap,
    y: top + index * (small.height + gap),
    ...small,
  }));
  return [{ x: left, y: evenPosition((canvas.height - large.height) / 2), ...large }, ...column];
}
