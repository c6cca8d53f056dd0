import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Answer,
  answers,
  type Caller,
  callerNames,
} from "../../../src/cli/generate/permissions.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { vectorProcess } from "../support/meaning.ts";
import { type MeetingStage, meetingStage, registry } from "../support/meetingCalls.ts";
import { DocumentedExamples } from "./documentedExamples.ts";
import { type Example, examples } from "./examples.ts";
import { newPeople, newWorld, type People, type World } from "./world.ts";

let test: TestDatabase;
let stage: MeetingStage;
const vectors = vectorProcess();
beforeAll(async () => {
  test = await testDatabase();
  stage = meetingStage(test);
  stage.services.meaning = { embedder: vectors, scan: vectors };
});
afterAll(async () => {
  vectors.close();
  await test.close();
});

const functions = [...registry.values()].map(({ name, definition }) => ({
  name,
  example: examples[name],
  answered: answers[definition.permission.requires],
}));

it("has an example for every function, and for nothing else", () => {
  expect(Object.keys(examples).sort()).toEqual(functions.map(({ name }) => name).sort());
});

async function peopleWithout(): Promise<People> {
  const people = await newPeople(stage);
  await test.sql("UPDATE users SET is_active = false WHERE id = $1", [people.ids.deactivated]);
  return people;
}

const worldFor = (people: People, caller: Caller, example: Example): Promise<World> =>
  newWorld({ stage, test, people, caller }, { start: example.scheduled !== true });

const documented = new DocumentedExamples();
/** Whose call the document shows, where they may call. */
const shownCaller = "host";

/** What the function answers to the caller; a result that does not fit, or is not as documented, throws. */
async function answerTo(
  name: string,
  { identities, caller }: World,
  args: object,
): Promise<{ answer: Answer; value?: unknown }> {
  const outcome = await stage.outcome(identities[caller], name, args);
  if ("refusal" in outcome) return { answer: outcome.refusal.code };
  return { answer: "yes", value: outcome.value };
}

describe.each(functions)("$name", ({ name, example, answered }) => {
  if (example === undefined) return;

  it("answers every caller as the table of permissions says", async () => {
    const people = await peopleWithout();
    // Those who are refused change nothing, and are asked first: they share a meeting.
    const asked = callerNames.toSorted((a, b) => Number(isLetIn(a)) - Number(isLetIn(b)));
    const refusing = await worldFor(people, "host", example);
    const args = await example.args(refusing);
    const found: Partial<Record<Caller, Answer>> = {};
    const shown = isLetIn(shownCaller) ? shownCaller : asked.find(isLetIn);
    for (const caller of asked) {
      if (!isLetIn(caller)) {
        found[caller] = (await answerTo(name, { ...refusing, caller }, args)).answer;
        continue;
      }
      const world = await worldFor(people, caller, example);
      const sent = await example.args(world);
      const { answer, value } = await answerTo(name, world, sent);
      found[caller] = answer;
      if (caller !== shown || answer !== "yes") continue;
      const call = documented.compare(name, sent, value);
      expect(call.seen, "another example than the API document's; npm run gen:examples").toEqual(
        call.shown,
      );
    }
    const expected = callerNames.map((caller) => [
      caller,
      answered[caller] === "yes" ? (example.refused ?? "yes") : answered[caller],
    ]);
    expect(found).toEqual(Object.fromEntries(expected));
  });

  it("refuses a field it does not know", async () => {
    const caller = callerNames.find(isLetIn);
    if (caller === undefined) throw new Error(`nobody may call ${name}`);
    const world = await worldFor(await peopleWithout(), caller, example);
    const args = { ...(await example.args(world)), unknownField: 1 };
    expect(await stage.refusal(world.identities[caller], name, args)).toMatchObject({
      code: "VALIDATION_ERROR",
      statusCode: 400,
      metadata: { field: "unknownField", path: ".unknownField" },
    });
  });

  function isLetIn(caller: Caller): boolean {
    return answered[caller] === "yes";
  }
});

it("shows no call in the API document that was not made", () => {
  expect(documented.unseen()).toEqual([]);
});
