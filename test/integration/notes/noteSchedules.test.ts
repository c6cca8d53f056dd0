import { randomInt } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { UserIdentity } from "../../../src/auth/identity.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { type Database, DatabaseUnavailableError } from "../../../src/db/port.ts";
import { NoteSync, type SavedNotes } from "../../../web/src/notes/noteSync.ts";
import { takeTime } from "../../support/patience.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import {
  guestOf,
  type MeetingStage,
  meetingOf,
  meetingStage,
  person,
  userIdOf,
} from "../support/meetingCalls.ts";

takeTime();

/** How many are played, and from which seed on: `CONNVO_TEST_SCHEDULES`, `CONNVO_TEST_SEED`. */
const count = Number(process.env["CONNVO_TEST_SCHEDULES"] ?? 100);
const firstSeed = Number(process.env["CONNVO_TEST_SEED"] ?? randomInt(1_000_000));
const writers = 3;

/** What happens to a call on its way. */
type Fault = "none" | "lost" | "killedBefore" | "killedAfter";

const kind = {
  type: fc.record({
    do: fc.constant("type"),
    at: fc.nat(1000),
    size: fc.integer({ min: 1, max: 4 }),
  }),
  erase: fc.record({
    ...{ do: fc.constant("erase"), at: fc.nat(1000), size: fc.integer({ min: 1, max: 6 }) },
  }),
  receive: fc.record({ do: fc.constant("receive") }),
  send: fc.record({
    do: fc.constant("send"),
    queue: fc.constantFrom<Fault>("none", "none", "none", "lost", "killedBefore", "killedAfter"),
    sync: fc.constantFrom<Fault>("none", "none", "none", "lost", "killedBefore", "killedAfter"),
    // Typed while it is under way.
    meanwhile: fc.nat(2),
  }),
  reload: fc.record({ do: fc.constant("reload") }),
  rollback: fc.record({ do: fc.constant("rollback"), share: fc.nat(1000) }),
} as const;

const steps = fc.array(
  fc.record({
    who: fc.nat(writers - 1),
    what: fc.oneof(
      { arbitrary: kind.type, weight: 6 },
      { arbitrary: kind.erase, weight: 3 },
      { arbitrary: kind.receive, weight: 3 },
      { arbitrary: kind.send, weight: 5 },
      { arbitrary: kind.reload, weight: 1 },
      { arbitrary: kind.rollback, weight: 1 },
    ),
  }),
  { minLength: 10, maxLength: 45 },
);

let test: TestDatabase;
let stage: MeetingStage;
let fault: Fault = "none";
let laterMs = 0;
let people: { identity: UserIdentity; userId: string }[];
let host: UserIdentity;
beforeAll(async () => {
  test = await testDatabase();
  stage = meetingStage({ db: cutOff(test.db) });
  stage.services.clock = { ...systemClock, now: () => systemClock.now() + laterMs };
  host = person();
  const others = await meetingOf(stage, host);
  const guests = [await guestOf(stage, host, others), await guestOf(stage, host, others)];
  people = [{ identity: host, userId: await userIdOf(stage, host) }, ...guests];
});
afterAll(() => test.close());

/** The database of a server that may be killed when it has committed, or just before. */
function cutOff(db: Database): Database {
  return {
    ...db,
    read: (work) => db.read(work),
    transaction: async (work) => {
      const dies = fault;
      fault = "none";
      const result = await db.transaction(async (tx) => {
        const made = await work(tx);
        if (dies === "killedBefore") throw new Killed();
        return made;
      });
      if (dies === "killedAfter") throw new Killed();
      return result;
    },
  };
}

class Killed extends DatabaseUnavailableError {
  constructor() {
    super("the server was killed", { ambiguous: true });
  }
}

/** Somebody's page: what they typed last outlasts it. */
class Page {
  readonly #who: { identity: UserIdentity; userId: string };
  readonly #meetingId: string;
  readonly #world: World;
  #saved: SavedNotes | undefined;
  #faults: Fault[] = [];
  sync: NoteSync;

  constructor(world: World, meetingId: string, who: Page["who"]) {
    this.#world = world;
    this.#meetingId = meetingId;
    this.#who = who;
    this.sync = this.#open();
  }

  get who() {
    return this.#who;
  }

  /** The window is closed, or its browser has died, and it is opened again. */
  reload(): void {
    this.#saved = structuredClone(this.#saved);
    this.sync = this.#open();
  }

  #open(): NoteSync {
    return new NoteSync(
      {
        send: (clientId, operations) => this.#send(clientId, operations),
        newId: () => this.#world.newId(),
        save: (saved) => {
          this.#saved = saved && structuredClone(saved);
        },
        onChange: () => undefined,
      },
      this.#saved,
    );
  }

  async receive(): Promise<void> {
    const name = "realtime/subscriptions:subscribeMeetingNotes";
    const { content, cursor, version } = await stage.call<{
      content: string;
      cursor: string;
      version: number;
    }>(this.#who.identity, name, { meetingId: this.#meetingId });
    this.sync.receive({ content, version, sequence: Number(cursor) });
  }

  /** @returns whether it was answered */
  async send(faults: Fault[], meanwhile: () => void): Promise<boolean> {
    this.#faults = faults;
    const sent = this.sync.send();
    meanwhile();
    return sent.then(
      () => true,
      () => false,
    );
  }

  async #send(clientId: string, operations: readonly object[]) {
    const { userId } = this.#who;
    const client = { meetingId: this.#meetingId, clientId };
    const own = { authorId: userId, clientId, queuedAt: 0, timestamp: 0, attempts: 0 };
    await this.#call("queueOfflineOperations", {
      ...client,
      operations: operations.map((one) => ({ ...one, ...own, status: "pending" })),
    });
    const told = await this.#call<{ newVersion: number; errors: string[] }>(
      ...(["syncOfflineOperations", { ...client, maxOperations: 200 }] as const),
    );
    const failed = new Set(told.errors.map((line) => line.slice(0, line.indexOf(":"))));
    return { version: told.newVersion, failed };
  }

  async #call<T>(name: string, args: object): Promise<T> {
    const next = this.#faults.shift() ?? "none";
    if (next === "lost") throw new Error("nothing was sent");
    fault = next;
    return stage.call<T>(this.#who.identity, `notes/offline:${name}`, args).finally(() => {
      fault = "none";
    });
  }
}

/** What was typed and deleted: each character is typed once in a schedule, so that one that is lost or doubled is seen. */
class World {
  #characters = 0;
  #ids = 0;
  readonly typed = new Set<string>();
  readonly erased = new Set<string>();
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
  }

  newId(): string {
    this.#ids += 1;
    return `${this.#seed}-${this.#ids}`;
  }

  /** One, two or three units of UTF-8, and half of them two of UTF-16. */
  newCharacter(): string {
    this.#characters += 1;
    const first = this.#characters % 2 === 0 ? 0x4e00 : 0x20000;
    const character = String.fromCodePoint(first + this.#characters);
    this.typed.add(character);
    return character;
  }

  type({ sync }: Page, at: number, size: number): void {
    if (!sync.ready) return;
    const all = [...sync.text];
    const piece = Array.from({ length: size }, () => this.newCharacter());
    all.splice(at % (all.length + 1), 0, ...piece);
    sync.edit(all.join(""));
  }

  erase({ sync }: Page, at: number, size: number): void {
    const all = [...sync.text];
    for (const character of all.splice(at % (all.length + 1), size)) this.erased.add(character);
    sync.edit(all.join(""));
  }
}

/** The steps of one seed. */
function scheduleOf(seed: number) {
  const [schedule] = fc.sample(steps, { seed, numRuns: 1 });
  if (!schedule) throw new Error("nothing was drawn");
  return schedule;
}

async function play(seed: number, schedule: ReturnType<typeof scheduleOf>): Promise<void> {
  const meetingId = await newMeeting();
  const world = new World(seed);
  const pages = people.map((who) => new Page(world, meetingId, who));
  for (const page of pages) await page.receive();
  for (const { who, what } of schedule) {
    const page = pages[who];
    if (!page) throw new Error(`nobody is ${who}`);
    if (what.do === "type") world.type(page, what.at, what.size);
    else if (what.do === "erase") world.erase(page, what.at, what.size);
    else if (what.do === "receive") await page.receive();
    else if (what.do === "reload") page.reload();
    else if (what.do === "rollback") await rollBack(world, meetingId, what.share);
    else
      await page.send([what.queue, what.sync], () => {
        if (what.meanwhile > 0) world.type(page, what.meanwhile * 7, what.meanwhile);
      });
  }
  await settle(pages);
  const { content } = await notesOf(meetingId);
  expect(pages.map(({ sync }) => sync.text)).toEqual(pages.map(() => content));
  expect(content).not.toMatch(/\p{Surrogate}/u);
  const all = [...content];
  expect(all.length, "characters that are there twice").toBe(new Set(all).size);
  const lost = [...world.typed].filter((one) => !world.erased.has(one) && !all.includes(one));
  expect(lost, "characters that are lost").toEqual([]);
}

/** Everything arrives in the end, once nothing is cut off any more. */
async function settle(pages: Page[]): Promise<void> {
  for (let round = 0; round < 8; round += 1)
    for (const page of pages) {
      await page.receive();
      await page.send([], () => undefined);
      await page.receive();
    }
  for (const { sync } of pages) expect(sync.settled).toBe(true);
}

const notesOf = (meetingId: string) =>
  stage.call<{ content: string }>(host, "notes/queries:getMeetingNotes", { meetingId });

/** What a rollback takes back may be gone, as what was deleted may be: it is somebody's wish. What has not arrived stays. */
async function rollBack(world: World, meetingId: string, share: number) {
  const sequence = await lastSequence(meetingId);
  const target = Math.floor((share / 1000) * sequence);
  const before = [...(await notesOf(meetingId)).content];
  const args = { meetingId, targetSequence: target };
  await stage.call(host, "notes/mutations:rollbackToSequence", args);
  for (const character of before) world.erased.add(character);
}

async function lastSequence(meetingId: string): Promise<number> {
  const [row] = await test.sql<{ sequence: string }>(
    "SELECT sequence FROM meeting_notes WHERE meeting_id = $1",
    [meetingId],
  );
  return Number(row?.sequence ?? 0);
}

/** By SQL: a person makes 60 meetings a minute. */
async function newMeeting(): Promise<string> {
  const id = `meeting_${firstSeed}_${randomInt(2 ** 47).toString(36)}`;
  const [organizer] = people;
  await test.sql(
    `INSERT INTO meetings (id, organizer_id, title, duration_ms, state, tier, recording_permitted, transcription_enabled,
       max_participants)
     VALUES ($1, $2, 'Notes', 0, 'active', 'paid', true, true, 10)`,
    [id, organizer?.userId],
  );
  for (const { userId } of people)
    await test.sql(
      `INSERT INTO meeting_participants (id, meeting_id, user_id, role)
       VALUES ('participant_' || $1 || $2, $1, $2, $3)`,
      [id, userId, userId === organizer?.userId ? "host" : "participant"],
    );
  // A minute later, of what one may call and write in a minute there is all again.
  laterMs += 61_000;
  await test.advanceTime(61_000);
  return id;
}

it(`ends with one text, whatever fails, in ${count} schedules from seed ${firstSeed}`, async () => {
  for (let seed = firstSeed; seed < firstSeed + count; seed += 1) {
    const schedule = scheduleOf(seed);
    await play(seed, schedule).catch((error: unknown) => {
      throw new Error(
        `CONNVO_TEST_SEED=${seed} CONNVO_TEST_SCHEDULES=1: ${JSON.stringify(schedule)}`,
        {
          cause: error,
        },
      );
    });
  }
}, 7_200_000);
