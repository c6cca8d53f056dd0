import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { UserIdentity } from "../../../src/auth/identity.ts";
import { takeTime } from "../../support/patience.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { type FiguresNode, openFiguresNode } from "../support/figuresNode.ts";
import { admin, guestOf, meetingOf, person } from "../support/meetingCalls.ts";

takeTime();

const batched = "realtime/batchedOperations";
let test: TestDatabase;
let here: FiguresNode;
let there: FiguresNode;
beforeAll(async () => {
  test = await testDatabase();
  here = await openFiguresNode(test);
  there = await openFiguresNode(test);
});
afterAll(async () => {
  await Promise.all([here.close(), there.close()]);
  await test.close();
});

describe("batchUpdatePresence", () => {
  const update = `${batched}:batchUpdatePresence`;
  let host: UserIdentity;
  let guest: UserIdentity;
  let guestId: string;
  let meetingId: string;
  beforeEach(async () => {
    host = person();
    meetingId = await meetingOf(here.stage, host);
    ({ identity: guest, userId: guestId } = await guestOf(here.stage, host, meetingId));
  });

  const presence = async () => {
    const people = await there.stage.call<{ userId: string; presence: string }[]>(
      host,
      "meetings/queries:listMeetingParticipants",
      { meetingId },
    );
    return people.find(({ userId }) => userId === guestId)?.presence;
  };
  const events = async () =>
    (
      await test.sql<{ type: string }>(
        "SELECT type FROM meeting_events WHERE meeting_id = $1 AND type LIKE 'participant_%' ORDER BY at, id",
        [meetingId],
      )
    ).map(({ type }) => type);

  it("is written when it is answered, for every node, once", async () => {
    const joined = { meetingId, presence: "joined", metadata: { window: "room", tabs: 2 } };
    expect(await here.stage.call(guest, update, joined)).toEqual({ batchSize: 1, queued: false });
    expect(await presence()).toBe("joined");
    await there.stage.call(guest, update, joined);
    await here.stage.call(guest, update, { meetingId, presence: "left" });
    await here.stage.call(guest, update, { meetingId, presence: "left" });
    expect(await presence()).toBe("left");
    expect((await events()).filter((type) => /joined|left/.test(type))).toEqual([
      "participant_joined",
      "participant_left",
    ]);
  });

  it("refuses observers, strangers, and whoever comes when it is over", async () => {
    const args = { meetingId, presence: "joined" };
    const observer = await guestOf(here.stage, host, meetingId, "observer");
    const refusal = (who: UserIdentity) => here.stage.refusal(who, update, args);
    expect(await refusal(observer.identity)).toMatchObject({ code: "INSUFFICIENT_PERMISSIONS" });
    expect(await refusal(person())).toMatchObject({ code: "NOT_FOUND" });
    await here.stage.call(host, "meetings/lifecycle:endMeeting", { meetingId });
    expect(await refusal(guest)).toMatchObject({ code: "MEETING_NOT_ACTIVE" });
  });

  it("takes two states and small metadata", async () => {
    const invited = { meetingId, presence: "invited" };
    expect(await here.stage.refusal(guest, update, invited)).toMatchObject({
      code: "VALIDATION_ERROR",
    });
    const metadata = { nested: { a: 1 } };
    expect(
      await here.stage.refusal(guest, update, { meetingId, presence: "left", metadata }),
    ).toMatchObject({ code: "VALIDATION_ERROR" });
  });
});

describe("getBatchStats", () => {
  it("counts what waits at all nodes, and flushing changes nothing of it", async () => {
    here.gauges = { presences: 2 };
    there.gauges = { presences: 3 };
    await here.tell();
    await there.tell();
    const stats = { noteOps: 0, presence: 5, transcripts: 0 };
    const told = Object.entries(stats).map(([queue, queueSize]) => [queue, { queueSize }]);
    for (const node of [here, there]) {
      expect(await node.stage.call(admin, `${batched}:flushAllBatches`)).toBe(null);
      expect(await node.stage.call(admin, `${batched}:getBatchStats`)).toEqual(
        Object.fromEntries(told),
      );
    }
  });
});
