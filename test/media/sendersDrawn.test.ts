import { describe, expect, it } from "vitest";
import { scratchFolder } from "../support/evidence/scratchFolder.ts";
import { drawSession } from "./senders/draw.ts";
import { lineOf, tryOut } from "./senders/judging/trial.ts";

/** Drawn sessions in which many faults come together; `npm run test:senders` tries more, and looks at composed files too. */
const seeds = Array.from({ length: 24 }, (_, index) => index + 1);

describe("what a sender sends is in the recording, at its place, with", () => {
  const sessions = seeds.map(drawSession);
  it.for(sessions)("$name (seed $seed)", async (script) => {
    const folder = await scratchFolder("connvo-senders-");
    const verdict = await tryOut(script, folder, { file: false });
    expect(verdict.findings.map((one) => lineOf(verdict, one))).toEqual([]);
  });
});
