import { expect, it } from "vitest";
import type { ActionItem, Findings } from "./extract/findings.ts";
import type { Attendee } from "./material.ts";
import { extractiveOrigin, insightFor } from "./personal.ts";

const attendee = (id: string, name: string | null): Attendee => ({
  ...{ id, name, cameIn: true, isVisible: true, field: null, goals: null, interests: [] },
});
const task = (text: string, ownerId: string | null): ActionItem => ({
  ...{ text, ownerId, requesterId: null, due: null },
  evidence: [{ kind: "transcript", sequence: 1, startMs: 5_000 }],
});
const findings = (...actionItems: ActionItem[]): Findings => ({
  ...{ points: [], decisions: [], actionItems, own: new Map() },
});
const origin = extractiveOrigin({ lines: [{}], notes: "" });

it("tells people what concerns them first, and five things at most", () => {
  const people = [attendee("a", "Ann"), attendee("b", "Bob")];
  const items = findings(
    ...["one", "two", "three"].map((text) => task(`write part ${text}`, "b")),
    ...["four", "five"].map((text) => task(`write part ${text}`, null)),
    task("send the report", "a"),
  );
  const [ann, bob] = people.map((me) => insightFor(me, items, people, origin).actionItems);
  expect(ann?.map(({ text }) => text)).toEqual([
    ...["Ann: send the report", "write part four", "write part five"],
    ...["Bob: write part one", "Bob: write part two"],
  ]);
  expect(bob?.[0]).toEqual({ text: "Bob: write part one", atMs: 5_000 });
  expect(bob).toHaveLength(5);
});

it("makes up no name for those who have told none", () => {
  const people = [attendee("a", null), attendee("b", null)];
  const items = findings(task("send the report", "a"));
  const [own, other] = people.map((me) => insightFor(me, items, people, origin).actionItems);
  expect(own?.[0]?.text).toBe("You: send the report");
  expect(other?.[0]?.text).toBe("Somebody: send the report");
});
