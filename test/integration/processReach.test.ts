import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, it } from "vitest";
import { waysTo } from "../../scripts/reach.mjs";
import { scratchFolder } from "../support/evidence/scratchFolder.ts";

async function program(files: Record<string, string>): Promise<string> {
  const folder = await scratchFolder("connvo-reach-");
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), text);
  }
  return path.join(folder, "main.ts");
}

const endsOf = (ways: string[][]) =>
  ways.map((way) => way.map((step) => path.basename(step)).join(" → "));

it("finds a package that is loaded through others, at once or later", async () => {
  const entry = await program({
    "main.ts": 'import { rate } from "./plan.ts";\nconsole.log(rate);\nvoid import("./late.ts");',
    "plan.ts": 'export { rate } from "./sound.ts";',
    "sound.ts": 'import "node-av/lib";\nexport const rate = 48_000;',
    "late.ts": 'await import("node-datachannel");',
  });
  expect(endsOf(await waysTo(entry, ["node-av", "node-datachannel", "pg"]))).toEqual([
    "main.ts → late.ts → node-datachannel",
    "main.ts → plan.ts → sound.ts → node-av",
  ]);
});

it("takes types, and packages that only begin with the name, for nothing", async () => {
  const entry = await program({
    "main.ts": 'import type { Pool } from "pg";\nimport "pg-types";\nexport type { Pool };',
  });
  expect(await waysTo(entry, ["pg"])).toEqual([]);
});
