import { describe, expect, it } from "vitest";
import { atOnce } from "../../core/yielding.ts";
import { extractFindings } from "./extract.ts";
import type { ActionItem, Findings } from "./findings.ts";

const people = ["Alice", "Bob", "Carol"].map((name) => ({ id: name.toLowerCase(), name }));

/** What is found in a conversation: `Alice: Hello.` Every line lasts three seconds. */
function found(conversation: string, notes = ""): Findings | null {
  const lines = conversation
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line, index) => {
      const [, speaker = "", text = ""] = /^\s*(\w*): (.*)$/.exec(line) ?? [];
      const startMs = index * 4_000;
      const speakerId = speaker === "" ? null : speaker.toLowerCase();
      return { sequence: index + 1, speakerId, text, startMs, endMs: startMs + 3_000 };
    });
  return atOnce(extractFindings({ lines, notes, people }));
}

const line = ({ ownerId, text, due }: ActionItem) =>
  `${ownerId ?? "-"}: ${text}${due ? ` (${due})` : ""}`;
const items = (conversation: string, notes?: string) =>
  (found(conversation, notes)?.actionItems ?? []).map(line);

const release = `
  Alice: Good morning everybody, can you hear me?
  Bob: Yes, fine.
  Alice: Today we talk about the release of the mobile app and about the login problem.
  Bob: The login page is broken on Android phones since the last release.
  Carol: Three customers complained about the login on Android last week.
  Alice: How long do you need to fix the login?
  Bob: I will fix the login page by Thursday.
  Carol: I already sent the customers an apology.
  Alice: Good. Then we decided to move the release of the mobile app to next Friday.
  Bob: Carol, can you update the release notes?
  Carol: Sure, tomorrow.
  Alice: We should also test on older phones.
  Bob: If I had more time I would have written tests.
  Alice: The weather is nice, see you tomorrow.`;

describe("a meeting", () => {
  it("is told with what is to be done, decided, and was talked about", () => {
    const findings = found(release);
    expect(findings?.actionItems).toEqual([
      {
        ...{ text: "fix the login page", ownerId: "bob", requesterId: null, due: "by Thursday" },
        evidence: [{ kind: "transcript", sequence: 7, startMs: 24_000 }],
      },
      {
        ...{ text: "update the release notes", ownerId: "carol", requesterId: "bob" },
        due: "tomorrow",
        evidence: [
          { kind: "transcript", sequence: 10, startMs: 36_000 },
          { kind: "transcript", sequence: 11, startMs: 40_000 },
        ],
      },
      {
        ...{ text: "test on older phones", ownerId: null, requesterId: "alice", due: null },
        evidence: [{ kind: "transcript", sequence: 12, startMs: 44_000 }],
      },
    ]);
    expect(findings?.decisions.map(({ text, evidence }) => [text, evidence])).toEqual([
      [
        "Then we decided to move the release of the mobile app to next Friday.",
        { kind: "transcript", sequence: 9, startMs: 32_000 },
      ],
    ]);
    expect(findings?.points).toHaveLength(3);
    const said = findings?.points.map(({ evidence }) =>
      evidence.kind === "transcript" ? evidence.sequence : 0,
    );
    expect(said).toEqual(said?.toSorted((a, b) => a - b));
    expect(findings?.points.map(({ text }) => text).join(" ")).toMatch(/login/);
  });

  it("is told word for word", () => {
    const findings = found(release);
    const quotes = [...(findings?.points ?? []), ...(findings?.decisions ?? [])];
    for (const { text } of quotes) expect(release).toContain(text);
  });

  it("has something of everybody's own beside the points", () => {
    const findings = found(release);
    const points = findings?.points.map(({ text }) => text) ?? [];
    for (const [speaker, { text, speakerId }] of findings?.own ?? []) {
      expect(speakerId).toBe(speaker);
      expect(points).not.toContain(text);
    }
  });

  it.each([
    ["nothing", ""],
    ["greetings", "Alice: Hello everybody.\nBob: Yes, fine. Okay.\nAlice: Bye."],
    ["sounds", ": Mm.\n: ..."],
  ])("of %s is null", (_, conversation) => {
    expect(found(conversation)).toBeNull();
  });

  it("of hours is looked at to its end, in a moment", () => {
    const words = [
      "budget",
      "travel",
      "hotel",
      "login",
      "android",
      "crash",
      "designer",
      "interview",
    ];
    const lines = Array.from({ length: 6_000 }, (_, index) => ({
      ...{ sequence: index + 1, speakerId: index % 2 ? "alice" : "bob", startMs: index * 4_000 },
      ...{ endMs: index * 4_000 + 3_000 },
      text: `The ${words[index % 7]} and the ${words[index % 8]} of customer${index % 50} meet partner${index % 91}.`,
    }));
    const last = {
      ...{ sequence: 6_001, speakerId: "bob", startMs: 24e6, endMs: 24.1e6 },
      text: "I will book the hotel rooms today.",
    };
    const startedAt = performance.now();
    const findings = atOnce(extractFindings({ lines: [...lines, last], notes: "", people }));
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(findings?.actionItems.map(line)).toEqual(["bob: book the hotel rooms (today)"]);
    const places = findings?.points.map(({ evidence }) =>
      evidence.kind === "transcript" ? evidence.sequence : 0,
    );
    expect(places).toHaveLength(5);
  });

  it("does not repeat itself in its points", () => {
    const again = "The login page of the Android app crashes for customers.";
    const conversation = Array.from(
      { length: 10 },
      (_, index) => `${index % 2 ? "Alice" : "Bob"}: ${again}`,
    );
    const other = "Carol: The marketing budget for autumn grows by ten percent.";
    const points = found([...conversation, other].join("\n"))?.points.map(({ text }) => text);
    expect(points).toEqual([again, other.slice(7)]);
  });
});

describe("what is to be done", () => {
  it.each([
    [
      "I'll send the report to the board by Monday.",
      ["bob: send the report to the board (by Monday)"],
    ],
    ["I'm going to review the contract tonight.", ["bob: review the contract (tonight)"]],
    ["Let me check the invoice numbers.", ["bob: check the invoice numbers"]],
    ["I can prepare the slides for the customer.", ["bob: prepare the slides for the customer"]],
    [
      "I’ll also draft the agenda before the end of the week.",
      ["bob: draft the agenda (before the end of the week)"],
    ],
    [
      "I will write the tests and I will deploy the server.",
      ["bob: write the tests", "bob: deploy the server"],
    ],
    ["I will fix the login because it does not work.", ["bob: fix the login"]],
    ["I will schedule the interview for Friday.", ["bob: schedule the interview for Friday"]],
    ["I will call the hotel on 3 March.", ["bob: call the hotel (on 3 March)"]],
    [
      "I will send the contract to Mr. Smith if that's okay.",
      ["bob: send the contract to Mr. Smith"],
    ],
    ["I will ask Carol about the budget.", ["bob: ask Carol about the budget"]],
  ])("is promised: %s", (text, expected) => {
    expect(items(`Bob: ${text}`)).toEqual(expected);
  });

  it("has no owner where nobody knows who promised it, or who agreed, but one who was named", () => {
    expect(
      items(": I will send the report.\n: We should update the manual.\n: Yes, I will."),
    ).toEqual(["-: send the report", "-: update the manual"]);
    expect(items(": Carol, can you book the hotel?\n: Sure.")).toEqual(["carol: book the hotel"]);
  });

  it.each([
    "I won't send the report.",
    "I will not send the report.",
    "I can't fix the login page.",
    "I don't think I will fix the login page.",
    "I am not going to write the documentation.",
    "If the customer agrees I will send the contract.",
    "I will send the contract unless Carol objects.",
    "I would have written the tests.",
    "I already sent the report to the board.",
    "I sent the report yesterday.",
    "I was going to review the contract.",
    "He said I will fix the login page.",
    "Nobody knows whether I can fix the login page.",
    "Did I send the report?",
    "I will share my screen.",
    "I'll do it.",
    "I'll send it tomorrow.",
    "I can see your screen.",
    "We should have tested the login page.",
    "We don't need to test the login page.",
    "Can you hear me?",
    "You could have told the customers.",
    "I will be late for the meeting tomorrow.",
  ])("is not: %s", (text) => {
    expect(items(`Bob: ${text}`)).toEqual([]);
  });

  it.each([
    ["Carol, can you update the release notes?", "carol"],
    ["Okay Carol, could you please update the release notes?", "carol"],
    ["Can you update the release notes, Carol?", "carol"],
    ["Carol, please update the release notes.", "carol"],
    ["Carol will update the release notes.", "carol"],
    ["Carol needs to update the release notes.", "carol"],
    ["Can you update the release notes?", "-"],
    ["Please update the release notes.", "-"],
    ["We should update the release notes.", "-"],
    ["Somebody has to update the release notes.", "-"],
    ["Who can update the release notes?", "-"],
    ["I need you to update the release notes.", "-"],
  ])("is somebody's only who is named: %s", (text, owner) => {
    expect(items(`Alice: ${text}`)).toEqual([`${owner}: update the release notes`]);
  });

  it("is nobody's who is only spoken of", () => {
    expect(items("Alice: Can you ask Carol about the release notes?")).toEqual([
      "-: ask Carol about the release notes",
    ]);
    expect(items("Alice: Carol will not update the release notes.")).toEqual([]);
    expect(items("Alice: He told me that Carol will update the release notes.")).toEqual([]);
  });

  it.each([
    ["Sure, by Friday.", ["bob: update the release notes (by Friday)"]],
    ["Will do.", ["bob: update the release notes"]],
    ["No, I have no time.", []],
    ["Yes, but I can't this week.", []],
    ["The weather is nice.", ["-: update the release notes"]],
  ])("is whose who is asked and agrees: %s", (answer, expected) => {
    expect(items(`Alice: Can you update the release notes?\nBob: ${answer}`)).toEqual(expected);
  });

  it("is not of whoever answers late, or for somebody else", () => {
    const ask = "Alice: Can you update the release notes?";
    const late = `${ask}\n${": Mm.\n".repeat(10)}Bob: Sure.`;
    expect(items(late)).toEqual(["-: update the release notes"]);
    expect(items("Alice: Carol, can you update the release notes?\nBob: No, never.")).toEqual([
      "carol: update the release notes",
    ]);
  });

  it("is taken by who says so, not by who finds it right", () => {
    const open = "Alice: Somebody should update the release notes.";
    expect(items(`${open}\nBob: Yes.`)).toEqual(["-: update the release notes"]);
    expect(items(`${open}\nBob: I'll do that by noon.`)).toEqual([
      "bob: update the release notes (by noon)",
    ]);
  });

  it("is of nobody where it is not known who spoke", () => {
    expect(items(": I will update the release notes.")).toEqual(["-: update the release notes"]);
  });

  it("is of nobody where two have the name", () => {
    const lines = [
      {
        sequence: 1,
        speakerId: "a",
        text: "Ann, can you book the hotel rooms?",
        startMs: 0,
        endMs: 9,
      },
    ];
    const two = [
      { id: "a", name: "Ann Lee" },
      { id: "b", name: "Ann Kim" },
    ];
    const one = atOnce(extractFindings({ lines, notes: "", people: two }));
    expect(one?.actionItems.map(line)).toEqual(["-: book the hotel rooms"]);
    const whole = [{ ...lines[0], text: "Ann Kim, can you book the hotel rooms?" }] as typeof lines;
    const other = atOnce(extractFindings({ lines: whole, notes: "", people: two }));
    expect(other?.actionItems.map(line)).toEqual(["b: book the hotel rooms"]);
  });

  it("is told once however often it is said", () => {
    expect(
      items(
        "Alice: Somebody should fix the login page.\nBob: I will fix the login page by Thursday.\nBob: Again, I will fix the login page.",
        "- [ ] fix login page",
      ),
    ).toEqual(["bob: fix the login page (by Thursday)"]);
    expect(items("Bob: I will test the login page.\nCarol: I will test the login page.")).toEqual([
      "bob: test the login page",
      "carol: test the login page",
    ]);
  });
});

describe("notes", () => {
  it("say what is to be done in open boxes and marked lines", () => {
    const notes = `# Plan
- [ ] Ask Ann about the venue by Monday
- [x] Book the train
* [ ] Bob: order the badges
1. [ ] @Carol write the invitation
action: call the caterer tomorrow
TODO - print the signs
- [ ]
Nothing to do here: todo lists are fine.`;
    expect(items("", notes)).toEqual([
      "-: Ask Ann about the venue (by Monday)",
      "bob: order the badges",
      "carol: write the invitation",
      "-: call the caterer (tomorrow)",
      "-: print the signs",
    ]);
  });

  it("are what a meeting was about where nothing was said", () => {
    const notes =
      "# Budget\n- The autumn marketing budget grows by ten percent.\n- [x] Ask finance about numbers";
    const findings = found("", notes);
    expect(findings?.points).toEqual([
      {
        text: "The autumn marketing budget grows by ten percent.",
        ...{ speakerId: null, evidence: { kind: "notes" } },
      },
    ]);
  });

  it("cost little, however hostile", () => {
    const startedAt = performance.now();
    found("", `${"- [ ] ".repeat(10_000)}\n${"a".repeat(50_000)}\n${"todo: ".repeat(5_000)}`);
    found(
      `Bob: ${"I will also just then now please ".repeat(300)}\nAlice: ${", and so ".repeat(1_000)}`,
    );
    found(`Bob: ${"by before until ".repeat(600)}\nBob: ${"if you ".repeat(1_400)}`);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});

describe("decisions", () => {
  it.each([
    ["We agreed on the blue design.", true],
    ["Let's go with the second offer.", true],
    ["So the decision is to wait for the audit.", true],
    ["We haven't decided on the design.", false],
    ["Have we decided on the design?", false],
    ["If we agreed on it, fine.", false],
    ["We decided nothing.", false],
  ])("are told where they were made: %s", (text, isOne) => {
    expect(
      found(`Alice: ${text} The marketing budget covers design costs.`)?.decisions.length,
    ).toBe(isOne ? 1 : 0);
  });
});
