import { describe, expect, it } from "vitest";
import { scratchFolder } from "../support/evidence/scratchFolder.ts";
import { lineOf, tryOut } from "./senders/judging/trial.ts";
import { namedSessions } from "./senders/named.ts";

/** Composing takes half of the time: of these the composed file is looked at too, because it may fail by itself. */
const composed = new Set([
  "a mute of 8 s without a gap in RTP",
  "several mutes without a gap in RTP",
  "RTP of sound jumps by -5 s",
  "RTP of both jumps by +3 s",
  "a stall of 3 s is no pause",
  "the server's clock is set back by 20 s",
  "other sources after 0.8 s",
  "a picture every 5 s",
  "a key frame every 10 s, requests ignored",
  "3 % loss without NACK",
  "parameter sets with a marker, then another size",
  "two senders with clocks of their own",
]);

describe("what a sender sends is in the recording, at its place, with", () => {
  it.for(namedSessions)("$name", async (script) => {
    const file = composed.has(script.name);
    const verdict = await tryOut(script, await scratchFolder("connvo-senders-"), { file });
    expect(verdict.findings.map((one) => lineOf(verdict, one))).toEqual([]);
  });
});
