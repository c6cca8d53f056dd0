import { beforeAll, describe, expect, it } from "vitest";
import { scratchFolder } from "../support/evidence/scratchFolder.ts";
import { type Expected, expectedOf } from "./senders/judging/expected.ts";
import { judge } from "./senders/judging/judge.ts";
import { trackViews, type View } from "./senders/judging/views.ts";
import { plainSession } from "./senders/plain.ts";
import { playSession } from "./senders/session.ts";

let expected: Expected;
let player: View;

beforeAll(async () => {
  const script = plainSession("judged", { lengthMs: 6000 });
  const { captureDir, senders } = await playSession(script, await scratchFolder("connvo-senders-"));
  const [sender] = senders;
  const [view] = await trackViews(captureDir, "user0", 0);
  if (!sender || !view) throw new Error("nothing was sent");
  expected = expectedOf(script, sender);
  player = view;
});

const kindsOf = (changes: Partial<Expected>, view: Partial<View> = {}) =>
  judge({ ...expected, ...changes }, { ...player, ...view }).map(({ kind }) => kind);
const later = <T extends { atMs: number }>(all: T[], byMs: number) =>
  all.map((one) => ({ ...one, atMs: one.atMs + byMs }));

describe("the judge of recordings", () => {
  it("finds nothing where everything is in its place", () => {
    expect(expected.beeps.filter(({ required }) => required).length).toBeGreaterThan(6);
    expect(expected.pictures.filter(({ required }) => required).length).toBeGreaterThan(40);
    expect(kindsOf({})).toEqual([]);
  });

  it("finds sound and pictures that are 100 ms from their place", () => {
    expect(kindsOf({ beeps: later(expected.beeps, 100) })).toContain("beep elsewhere");
    expect(kindsOf({ pictures: later(expected.pictures, -100) })).toContain("picture elsewhere");
  });

  it("finds sound and pictures that come apart", () => {
    const pictures = later(expected.pictures, 60);
    const beeps = later(expected.beeps, -60);
    expect(kindsOf({ pictures, beeps })).toEqual(["sound against picture"]);
  });

  it("finds what is missing", () => {
    const beeps = player.beeps.filter(({ fromMs }) => fromMs > 2000);
    expect(kindsOf({}, { beeps })).toContain("beep missing");
    const pictures = player.pictures.filter(({ ms }) => ms > 2000);
    expect(kindsOf({}, { pictures })).toContain("picture missing");
  });

  it("finds sound that nobody sent, and pieces of sound", () => {
    const silent = expected.beeps.map((one) => ({ ...one, required: false, possible: false }));
    expect(kindsOf({ beeps: silent })).toContain("sound nobody sent");
    const beeps = player.beeps.map((one) => ({ ...one, toMs: one.fromMs + 20 }));
    expect(kindsOf({}, { beeps })).toEqual(["beep chopped"]);
  });

  it("finds a recording of another length", () => {
    expect(kindsOf({ durationMs: expected.durationMs + 150 })).toEqual(["length"]);
  });

  it("finds a still picture that is not held, and one that stays", () => {
    const [first, ...others] = expected.pictures.filter(({ required }) => required);
    if (!first) throw new Error("no picture has to be there");
    const held = { ...first, held: true, heldUntilMs: first.atMs + 1000 };
    const file = { name: "file" } as const;
    expect(kindsOf({ pictures: [held, ...others] }, file)).toContain("still picture gone");
    const stays = [...player.pictures, { ms: 4000, counter: first.counter }];
    expect(kindsOf({}, { ...file, pictures: stays })).toContain("picture stays");
  });
});
