import type { Row } from "./row.ts";

const columns = ["name", "ours", "baseline", "ratio", "spread", "aim"] as const;
const titles: Row = {
  name: "row",
  ours: "ours",
  baseline: "baseline",
  ratio: "ratio",
  spread: "spread of rounds",
  aim: "aim",
};

/** The rows as a Markdown table whose columns also line up in a terminal. */
export function table(rows: readonly Row[]): string {
  const widths = columns.map((column) =>
    Math.max(...[titles, ...rows].map((row) => row[column].length)),
  );
  const line = (row: Row) =>
    `| ${columns.map((column, at) => row[column].padEnd(widths[at] ?? 0)).join(" | ")} |`;
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
  return [line(titles), rule, ...rows.map(line)].join("\n");
}
