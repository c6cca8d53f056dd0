import { describe, expect, it } from "vitest";
import type { Attendee } from "../insights/material.ts";
import { inCallIdeas, type Moment } from "./inCallIdeas.ts";
import { preCallIdeas } from "./preCallIdeas.ts";

const person = (name: string, more: Partial<Attendee> = {}): Attendee => ({
  ...{ id: name.toLowerCase(), name, cameIn: true, isVisible: true, field: null, goals: null },
  ...{ interests: [], ...more },
});

describe("before a meeting", () => {
  const contents = (...asked: Parameters<typeof preCallIdeas>) =>
    preCallIdeas(...asked).map(({ content }) => content);

  it("nothing is said of those of whom nothing is known", () => {
    expect(preCallIdeas([person("Ann"), person("Bob")], undefined)).toEqual([]);
  });

  it("people hear what they share, what each wants, and what they had left open", () => {
    const people = [
      person("Ann", { interests: ["Sailing", "Chess"], field: "Law", goals: "Find a mentor." }),
      person("Bob", { interests: ["Sailing"], field: "law" }),
      person("Cleo", { interests: ["Sailing", "Poker"] }),
    ];
    const last = {
      meetingId: "meeting_1",
      title: "Weekly",
      items: [{ text: "Bob: fix the login page" }],
    };
    expect(preCallIdeas(people, last)).toMatchObject([
      {
        content: "In “Weekly” this was left to do: Bob: fix the login page. How far is it?",
        sourceMeetingId: "meeting_1",
      },
      {
        content:
          "Ann, Bob and Cleo are interested in Sailing: what has each of them done there lately?",
        aboutUserIds: ["ann", "bob", "cleo"],
      },
      { content: "Ann and Bob work in Law: what is changing there?", tags: ["field", "Law"] },
      { content: "Ann has this goal: “Find a mentor.” Who can help with it?" },
    ]);
  });

  it("nothing is told of hidden profiles, and of a crowd no more than six things", () => {
    const hidden = person("Bob", { interests: ["Sailing"], goals: "Win", isVisible: false });
    expect(contents([person("Ann", { interests: ["Sailing"] }), hidden], undefined)).toEqual([]);
    const crowd = Array.from({ length: 9 }, (_, index) =>
      person(`Ann${index}`, { goals: "Win", interests: ["Sailing"] }),
    );
    const ideas = preCallIdeas(crowd, undefined);
    expect(ideas).toHaveLength(6);
    expect(ideas[0]?.content).toMatch(/^Ann0, Ann1, Ann2 and 6 others are/);
    for (const { relevance } of ideas) expect(relevance).toBeLessThanOrEqual(1);
  });
});

describe("in a meeting", () => {
  const people = ["Ann", "Bob", "Cleo"].map((name) => ({ id: name.toLowerCase(), name }));

  /** A moment after a conversation, so many seconds after its end; every line lasts 4 s. */
  function moment(
    spoken: readonly [string, string][],
    { silence = 0, ...more }: { silence?: number } & Partial<Moment> = {},
  ): Moment {
    const lines = spoken.map(([speakerId, text], index) => ({
      ...{
        sequence: index + 1,
        speakerId,
        text,
        startMs: index * 5_000,
        endMs: index * 5_000 + 4_000,
      },
    }));
    const now = (lines.at(-1)?.endMs ?? 0) + silence * 1_000;
    return {
      now,
      lines,
      lastActivityAt: 0,
      people,
      notes: "",
      topics: [],
      speakingMs: new Map(),
      told: new Set(),
      toldAt: 0,
      ...more,
    };
  }

  const budget: [string, string][] = [
    ["ann", "The marketing budget for autumn is too small."],
    ["bob", "The marketing budget grew by ten percent."],
    ["cleo", "Let us compare the marketing budget with spring."],
  ];
  const contents = (at: Moment) => inCallIdeas(at).map(({ content }) => content);

  it("nothing is said while people talk, or where nobody has", () => {
    expect(inCallIdeas(moment(budget, { silence: 29 }))).toEqual([]);
    expect(inCallIdeas(moment([], { silence: 600, notes: "- [ ] Ask Ann" }))).toEqual([]);
    expect(inCallIdeas(moment([["ann", "Mm."]], { silence: 90 }))).toEqual([]);
  });

  it("a silence brings back what it was about", () => {
    expect(inCallIdeas(moment(budget, { silence: 31 }))).toMatchObject([
      {
        content: "You were at “budget”, “marketing” and “spring”: what is the next step there?",
        tags: ["topic", "budget", "marketing", "spring", "lull", "moderate"],
      },
    ]);
  });

  it("a silence begins with the last thing that anybody did", () => {
    const typed = moment(budget, { silence: 40 });
    expect(inCallIdeas({ ...typed, lastActivityAt: typed.now - 20_000 })).toEqual([]);
  });

  it("a long silence brings more: an open question, an open box", () => {
    const asked: [string, string][] = [...budget, ["bob", "Who knows the numbers of spring?"]];
    const notes = "- [x] Book a room\n- [ ] Ask Ann about the venue";
    const at = moment(asked, { silence: 61, notes });
    expect(contents(at)).toEqual([
      "Bob asked, and nobody has answered: “Who knows the numbers of spring?”",
      "Still open in the notes: Ask Ann about the venue",
    ]);
    expect(inCallIdeas(at).every(({ tags }) => tags.includes("severe"))).toBe(true);
  });

  it("a silence is told of once, and once more when it has become a long one", () => {
    const notes = "- [ ] Ask Ann about the venue\n- [ ] Print the badges\n- [ ] Book a hotel room";
    const toldAfter = (silence: number, seconds: number) => {
      const at = moment(budget, { silence, notes });
      const toldAt = at.now - silence * 1_000 + seconds * 1_000;
      return inCallIdeas({ ...at, toldAt }).length;
    };
    expect(toldAfter(40, 10)).toBe(1);
    expect(toldAfter(55, 31)).toBe(0);
    expect(toldAfter(61, 31)).toBe(2);
    expect(toldAfter(600, 61)).toBe(0);
  });

  it("a question that was answered is none", () => {
    const answered: [string, string][] = [
      ["bob", "Who knows the numbers of spring?"],
      ["ann", "The finance team knows those numbers."],
    ];
    expect(contents(moment(answered, { silence: 31 })).join()).not.toContain("nobody has answered");
  });

  const monologue = Array.from({ length: 16 }, (_, index): [string, string] => [
    "ann",
    `The marketing budget needs a decision number${index}.`,
  ]);

  it("whoever is not heard is named", () => {
    expect(inCallIdeas(moment(monologue))).toMatchObject([
      {
        content: "Bob has not spoken lately: what do they think of “decision” and “budget”?",
        aboutUserIds: ["bob"],
      },
    ]);
  });

  it("nobody is named where all are heard, or little was said", () => {
    const even = monologue.map(([, text], index): [string, string] => [
      people[index % 3]?.id ?? "",
      text,
    ]);
    expect(inCallIdeas(moment(even))).toEqual([]);
    expect(inCallIdeas(moment(monologue.slice(0, 5)))).toEqual([]);
  });

  const measured = (ann: number, bob: number, cleo: number) => ({
    speakingMs: new Map(Object.entries({ ann, bob, cleo }).map(([id, s]) => [id, s * 1_000])),
  });

  it.each([
    // Bob has one line, of 4 s.
    [
      "nearly all of it by one",
      measured(540, 0, 60),
      "Bob has hardly spoken in this meeting, Ann 89% of the time: what do they think of “budget” and “marketing”?",
    ],
    [
      "little by one",
      measured(400, 190, 10),
      "Cleo has hardly spoken in this meeting, Ann 66% of the time: what do they think of “budget” and “marketing”?",
    ],
    ["a third of it by each", measured(200, 200, 200), undefined],
    // 63% is not yet more than 30 points above a third.
    ["more by one than by others", measured(630, 200, 170), undefined],
    ["a little", measured(59, 0, 0), undefined],
  ])("what was measured of speech counts: %s", (_, times, content) => {
    expect(contents(moment(budget, times))).toEqual(content === undefined ? [] : [content]);
  });

  it("what was measured counts where lines say something else, and lines of whom nobody measures", () => {
    expect(contents(moment(monologue, measured(200, 200, 200)))).toEqual([]);
    const [first] = contents(moment(monologue, measured(0, 70, 70)));
    expect(first).toBeUndefined();
  });

  it("what was measured is enough where nothing is written down", () => {
    const times = measured(300, 0, 0);
    const start = "Bob has not spoken in this meeting, Ann 100% of the time: what do they think";
    expect(contents(moment([], times))).toEqual([`${start}?`]);
    const [idea] = inCallIdeas(moment([], { ...times, topics: ["Budget 2027"] }));
    expect(idea).toMatchObject({
      content: `${start} of “Budget 2027”?`,
      ...{ tags: ["balance"], aboutUserIds: ["bob", "ann"] },
    });
  });

  const talk = (words: string, count: number) =>
    Array.from({ length: count }, (_, index): [string, string] => [
      people[index % 3]?.id ?? "",
      words,
    ]);

  it("a topic that was left is asked for", () => {
    const both = [
      ...talk("The login page of the Android app crashes for customers.", 20),
      ...talk("The hotel rooms in Berlin cost more than train tickets.", 19),
    ];
    expect(inCallIdeas(moment(both))).toMatchObject([
      {
        content:
          "The talk has moved from “customers” and “crashes” to “tickets” and “train”: is anything of the first still open?",
        tags: ["topic-shift", "customers", "crashes"],
      },
    ]);
    const same = [...talk("The login page of the Android app crashes for customers.", 39)];
    expect(inCallIdeas(moment(same))).toEqual([]);
  });

  it("nothing is told twice", () => {
    for (const at of [moment(budget, { silence: 31 }), moment(monologue)]) {
      const told = new Set(inCallIdeas(at).map(({ key }) => key));
      expect(told.size).toBe(1);
      const again = inCallIdeas({ ...at, told });
      expect(again.filter(({ key }) => told.has(key))).toEqual([]);
    }
  });

  it("there are three at most", () => {
    const asked: [string, string][] = [...monologue, ["ann", "Who knows the numbers of spring?"]];
    const notes = "- [ ] Ask about the venue\n- [ ] Print the badges";
    expect(inCallIdeas(moment(asked, { silence: 90, notes })).length).toBeLessThanOrEqual(3);
  });
});
