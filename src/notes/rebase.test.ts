import fc from "fast-check";
import otText from "ot-text";
import { describe, expect, it } from "vitest";
import { type Logged, type OwnChange, rebased } from "./rebase.ts";
import {
  applied,
  composed,
  type NoteOperation,
  noteOperation,
  operationOf,
  replacement,
  type TextOperation,
  textOperation,
} from "./textOperation.ts";

const { type: ot } = otText;
const characters = fc.constantFrom("a", "b", "é", "字", "😀", "😁", "👩‍👩‍👧", "\n");
const texts = fc.array(characters, { maxLength: 12 }).map((all) => all.join(""));
const people = ["ann", "bob", "eve"];

const operationFrom = (operation: NoteOperation): TextOperation => {
  const result = textOperation(operation);
  if (!result.ok) throw result.error;
  return result.value;
};

/** A text with its log, as the server has them. */
class Notes {
  text: string;
  readonly log: Logged[] = [];

  constructor(text: string) {
    this.text = text;
  }

  get sequence(): number {
    return this.log.length;
  }

  /** Carries out what somebody has made of the text at `base`. */
  write(authorId: string, base: number, operation: TextOperation, own: OwnChange[] = []) {
    const moved = rebased({ operation, authorId, own }, this.log.slice(base));
    const result = applied(this.text, moved.operation);
    if (!result.ok) throw result.error;
    const first = this.sequence + 1;
    for (const part of result.value.parts) {
      const sequence = this.sequence + 1;
      this.log.push({ id: `op${sequence}`, sequence, authorId, operation: operationOf(part) });
    }
    this.text = result.value.text;
    expect(this.text).not.toMatch(/\p{Surrogate}/u);
    const { conflicts } = moved;
    return { parts: result.value.parts, conflicts, first, last: this.sequence };
  }
}

describe("two who write at once", () => {
  it("come to the same text, whoever is first (TP1)", () => {
    fc.assert(
      fc.property(texts, texts, texts, fc.boolean(), (text, one, other, isAnnFirst) => {
        const mine = { authorId: isAnnFirst ? "ann" : "bob", operation: replacement(text, one) };
        const theirs = {
          ...{ authorId: isAnnFirst ? "bob" : "ann", operation: replacement(text, other) },
        };
        const [forth, back] = [new Notes(text), new Notes(text)];
        forth.write(mine.authorId, 0, mine.operation);
        forth.write(theirs.authorId, 0, theirs.operation);
        back.write(theirs.authorId, 0, theirs.operation);
        back.write(mine.authorId, 0, mine.operation);
        expect(forth.text).toBe(back.text);
      }),
    );
  });

  it("lose nothing that is inserted inside of what is deleted", () => {
    const erase = operationFrom({ type: "delete", position: 1, length: 4 });
    const insert = operationFrom({ type: "insert", position: 3, content: "X" });
    const first = new Notes("abcdef");
    first.write("ann", 0, erase);
    expect(first.write("bob", 0, insert)).toMatchObject({ conflicts: ["op1"] });
    const second = new Notes("abcdef");
    second.write("bob", 0, insert);
    // Two parts, each with its own sequence; the first is told.
    const split = second.write("ann", 0, erase);
    expect(split).toMatchObject({ first: 2, last: 3, conflicts: ["op1"] });
    expect(noteOperation(split.parts[0])).toEqual({ type: "delete", position: 1, length: 2 });
    expect([first.text, second.text]).toEqual(["aXf", "aXf"]);
  });

  it("delete what both delete once", () => {
    const notes = new Notes("abcdef");
    notes.write("ann", 0, operationFrom({ type: "delete", position: 1, length: 3 }));
    const swallowed = notes.write(
      "bob",
      0,
      operationFrom({ type: "delete", position: 2, length: 2 }),
    );
    expect(notes.text).toBe("aef");
    expect(swallowed).toMatchObject({ parts: [], first: 2, last: 1 });
    expect(noteOperation(undefined)).toEqual({ type: "retain", position: 0, length: 0 });
  });

  it("stand in the order of their authors, not of their words", () => {
    const write = (order: string[]) => {
      const notes = new Notes("");
      for (const author of order)
        notes.write(author, 0, operationFrom({ type: "insert", position: 0, content: author }));
      return notes.text;
    };
    expect(write(["ann", "bob"])).toBe("annbob");
    expect(write(["bob", "ann"])).toBe("annbob");
  });
});

describe("a client whose changes are of one text, and come in several calls", () => {
  it("has all of them as it meant them, whatever others do in between", () => {
    const changes = fc.array(texts, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(texts, changes, changes, fc.infiniteStream(fc.boolean()), (text, a, b, order) => {
        const inPieces = new Notes(text);
        const atOnce = new Notes(text);
        const steps = (all: string[]) =>
          all.map((to, index) => replacement(all[index - 1] ?? text, to));
        const [mine, theirs] = [steps(a), steps(b)];
        const own: Record<string, OwnChange[]> = { bob: [], ann: [] };
        const left: Record<string, TextOperation[]> = { bob: mine.slice(), ann: theirs.slice() };
        while (left["bob"]?.length || left["ann"]?.length) {
          const who = order.next().value && left["bob"]?.length ? "bob" : "ann";
          const author = left[who]?.length ? who : "bob";
          const operation = left[author]?.shift() ?? [];
          const { first, last } = inPieces.write(author, 0, operation, own[author]);
          own[author]?.push({ operation, first, last });
        }
        atOnce.write("ann", 0, composed(theirs));
        atOnce.write("bob", 0, composed(mine));
        expect(sorted(inPieces.text)).toBe(sorted(atOnce.text));
      }),
    );
  });

  /** Characters without their order: where inserts meet at what is deleted piece by piece there is more than one. */
  const sorted = (text: string) => [...text].sort().join("");
});

/** A client that knows the contract alone: a text with its sequence, one call at a time, and what it has not sent yet. */
class Client {
  readonly #notes: Notes;
  readonly id: string;
  text: string;
  #base: string;
  #sequence: number;
  /** What it has changed since, as it did that: what lies between two changes is nobody's. */
  #unsent: TextOperation = [];

  constructor(notes: Notes, id: string) {
    this.#notes = notes;
    this.id = id;
    this.text = notes.text;
    this.#base = notes.text;
    this.#sequence = notes.sequence;
  }

  edit(change: (text: string) => string): void {
    const before = this.text;
    this.text = change(before);
    this.#unsent = composed([this.#unsent, replacement(before, this.text)]);
  }

  send(): void {
    this.#notes.write(this.id, this.#sequence, this.#unsent);
    this.#unsent = [];
    this.#take();
  }

  /** Others' changes come in while there are own ones. */
  receive(): void {
    const theirs = replacement(this.#base, this.#notes.text);
    this.#unsent = ot.transform(this.#unsent, theirs, "right");
    this.#take();
    this.text = ot.apply(this.text, this.#unsent);
  }

  #take(): void {
    this.text = this.#notes.text;
    this.#base = this.#notes.text;
    this.#sequence = this.#notes.sequence;
  }
}

describe("clients that know the contract alone", () => {
  const steps = fc.array(
    fc.record({
      who: fc.nat(people.length - 1),
      what: fc.constantFrom("insert", "delete", "send", "receive"),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      text: fc.array(characters, { minLength: 1, maxLength: 3 }).map((all) => all.join("")),
    }),
    { maxLength: 60, size: "max" },
  );

  it("end with the same text, without a broken character", () => {
    fc.assert(
      fc.property(texts, steps, (text, all) => {
        const notes = new Notes(text);
        const clients = people.map((id) => new Client(notes, id));
        for (const { who, what, at, text: piece } of all) {
          const client = clients[who];
          if (what === "send") client?.send();
          else if (what === "receive") client?.receive();
          else client?.edit((before) => edited(before, what === "insert" ? piece : "", at));
        }
        for (const client of clients) client.send();
        for (const client of clients) client.receive();
        expect(new Set(clients.map((client) => client.text))).toEqual(new Set([notes.text]));
      }),
      { numRuns: 300 },
    );
  });

  it("keep once what two have written around at the same time", () => {
    const notes = new Notes("😀");
    const [ann, bob] = [new Client(notes, "ann"), new Client(notes, "bob")];
    for (const client of [ann, bob]) {
      client.edit((text) => `a${text}`);
      client.edit((text) => `${text}b`);
    }
    ann.send();
    bob.send();
    expect(notes.text).toBe("aa😀bb");
  });

  it("lose no character that nobody deletes", () => {
    fc.assert(
      fc.property(steps, (all) => {
        const notes = new Notes("");
        const clients = people.map((id) => new Client(notes, id));
        let typed = "";
        for (const { who, what, at, text: piece } of all) {
          const client = clients[who];
          if (what === "send") client?.send();
          else if (what === "receive") client?.receive();
          else {
            client?.edit((before) => edited(before, piece, at));
            typed += piece;
          }
        }
        for (const client of clients) client.send();
        expect([...notes.text].sort()).toEqual([...typed].sort());
      }),
      { numRuns: 300 },
    );
  });

  /** With a piece put in at a share of the text's characters, or the character there taken out. */
  function edited(text: string, piece: string, at: number): string {
    const all = [...text];
    all.splice(Math.floor(at * (all.length + 1)), piece === "" ? 1 : 0, piece);
    return all.join("");
  }
});
