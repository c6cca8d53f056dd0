import type { Comparison } from "./statistics.ts";

/** One line of the table, ready to be printed. */
export interface Row {
  name: string;
  ours: string;
  baseline: string;
  ratio: string;
  spread: string;
  aim: string;
}

/** What a figure should be at most or at least; `of` says whether the ratio or our absolute figure is meant. */
export interface Aim {
  of: "ratio" | "ours";
  most?: number;
  least?: number;
}

export interface RowParts {
  name: string;
  /** Name of what we are compared with. */
  baseline: string;
  comparison: Comparison;
  /** A figure with its unit. */
  format: (figure: number) => string;
  aim?: Aim;
  /** Added to our figure, e.g. another percentile. */
  beside?: string;
}

export function rowOf({ name, baseline, comparison, format, aim, beside }: RowParts): Row {
  const { ours, ratio, spread } = comparison;
  const [low, high] = spread;
  return {
    name,
    ours: beside === undefined ? format(ours) : `${format(ours)} (${beside})`,
    baseline: `${format(comparison.baseline)} ${baseline}`,
    ratio: times(ratio),
    spread: low === high ? "–" : `${times(low)} – ${times(high)}`,
    aim: aim === undefined ? "–" : verdict(aim, comparison, format),
  };
}

/** A row that could not be measured here. */
export function notRun(name: string, reason: string): Row {
  return { name, ours: `not run: ${reason}`, baseline: "–", ratio: "–", spread: "–", aim: "–" };
}

const times = (ratio: number) => `${ratio.toFixed(2)}×`;

function verdict(
  aim: Aim,
  { ratio, ours }: Comparison,
  format: (figure: number) => string,
): string {
  const figure = aim.of === "ratio" ? ratio : ours;
  const show = aim.of === "ratio" ? times : format;
  const met = figure <= (aim.most ?? Infinity) && figure >= (aim.least ?? -Infinity);
  const bound = aim.most === undefined ? `≥ ${show(aim.least ?? 0)}` : `≤ ${show(aim.most)}`;
  return `${bound} ${met ? "met" : "MISSED"}`;
}

export const units = {
  microseconds: (seconds: number) => `${(seconds * 1e6).toFixed(0)} µs`,
  milliseconds: (seconds: number) => `${(seconds * 1e3).toFixed(seconds < 0.1 ? 1 : 0)} ms`,
  seconds: (seconds: number) => `${seconds.toFixed(2)} s`,
  cpuSeconds: (seconds: number) => `${seconds.toFixed(2)} CPU-s`,
  perSecond: (rate: number) => `${rate.toFixed(0)}/s`,
  mebibytes: (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`,
};
