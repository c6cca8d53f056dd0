import { writeFile } from "node:fs/promises";
import { inspect } from "node:util";
import { fuzz } from "./campaign.ts";
import { allTargets } from "./targets/index.ts";

/** A part of a campaign; `units` are as many inputs as take about the time of so many packets. */
export interface FuzzOrder {
  target: string;
  units: number;
  seed: number;
  first: number;
  /** Where an input that is not read as it should be is kept. */
  keepIn: string;
}

const targets = allTargets();

process.on("message", (order: FuzzOrder) => {
  void carryOut(order).then((report) => process.send?.(report));
});

async function carryOut({ target: name, units, seed, first, keepIn }: FuzzOrder) {
  const found = (await targets).find(({ target }) => target.name === name);
  if (!found) throw new Error(`no fuzz target is called ${name}`);
  const inputs = Math.max(1, Math.round(units / found.weight));
  const { failure, ...report } = await fuzz(found.target, { inputs, seed, first });
  if (!failure) return report;
  await writeFile(`${keepIn}.bin`, failure.input);
  await writeFile(`${keepIn}.txt`, inspect(failure.error));
  return { ...report, failure: { index: failure.index, error: inspect(failure.error) } };
}
