import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { UserIdentity } from "../../../src/auth/identity.ts";
import { recordPresence } from "../../../src/meetings/people/presence.ts";
import { settleDue } from "../../../src/recordings/lifecycle/settle.ts";
import {
  claimRendition,
  failRendition,
  finishRendition,
  type Rendition,
  releaseRendition,
  renewRendition,
} from "../../../src/recordings/renditions/renditions.ts";
import { claimDeliveries, releaseDelivery, settleDelivery } from "../../../src/webhooks/claims.ts";
import { takeTime } from "../../support/patience.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { KeyWatch } from "../support/declaredKeys.ts";
import {
  guestOf,
  type MeetingStage,
  meetingOf,
  meetingStage,
  person,
  userIdOf,
} from "../support/meetingCalls.ts";

takeTime();

let test: TestDatabase;
let stage: MeetingStage;
beforeAll(async () => {
  test = await testDatabase();
  stage = meetingStage(test);
  await userIdOf(stage, orgAdmin);
});
afterAll(() => test.close());

const lists = ["scheduled", "active", "concluded", "cancelled"] as const;

const orgId = "org_of_keys";
const orgAdmin = person({ orgId, orgRole: "admin" });

/** Watches everything that people see of a meeting, and of its host what the log tells. */
function watchMeeting(people: Record<string, UserIdentity>, meetingId: string): KeyWatch {
  const watch = new KeyWatch(test, stage);
  const ofMeeting = { resourceType: "meeting", resourceId: meetingId };
  const log = "audit/logging:getAuditLogs";
  watch.watch("administrator", orgAdmin, { [log]: { limit: 100 } });
  for (const [who, identity] of Object.entries(people)) {
    watch.watch(who, identity, {
      "meetings/queries:getMeeting": { meetingId },
      "meetings/queries:listMeetingParticipants": { meetingId },
      "meetings/invites:listInvites": { meetingId },
      "recordings/queries:listRecordings": { meetingId },
      "notes/queries:getMeetingNotes": { meetingId },
      "realtime/subscriptions:subscribeMeetingNotes": { meetingId },
      "meetings/queries:listUserMeetings": {},
      [log]: ofMeeting,
      "auth/permissions:refreshSubscriptionPermissions": {
        subscriptions: ["transcripts", "meetingNotes"].map((resourceType) => ({
          ...{ resourceType, resourceId: meetingId, permissions: [], lastValidated: 0 },
        })),
      },
      "auth/permissions:validateSubscriptionPermissions": {
        ...{ resourceType: "participants", resourceId: meetingId, requiredPermissions: [] },
      },
    });
    for (const state of lists)
      watch.watch(who, identity, { "meetings/queries:listUserMeetings": { state } });
  }
  return watch;
}

/** Carries each change out and expects that it changes something, and that nobody is left with what was before. */
async function expectTold(watch: KeyWatch, changes: Record<string, () => Promise<unknown>>) {
  for (const [what, work] of Object.entries(changes)) {
    const { stale, changed } = await watch.stale(work);
    expect(stale, what).toEqual([]);
    expect(changed, what).toBeGreaterThan(0);
  }
}

it("whatever becomes of a meeting and its people is told to all who see it", async () => {
  const [host, late] = [person({ orgId }), person({ name: "Late" })];
  const lateId = await userIdOf(stage, late);
  const meetingId = await meetingOf(stage, host, { start: false });
  const guest = await guestOf(stage, host, meetingId);
  const watch = watchMeeting({ host, guest: guest.identity, late }, meetingId);
  const call = (who: UserIdentity, name: string, args: object = { meetingId }) =>
    stage.call<{ inviteId: string; secret: string }>(who, `meetings/${name}`, args);
  const seen = async (state: "joined" | "left") => {
    const [row] = await test.sql<{ roomId: string }>(
      `SELECT room_id AS "roomId" FROM meetings WHERE id = $1`,
      [meetingId],
    );
    const roomId = row?.roomId ?? "";
    await recordPresence(test.db, { roomId, userId: guest.userId, state, at: Date.now() });
  };
  let invite = { inviteId: "", secret: "" };
  const createInvite = async () => {
    invite = await call(host, "invites:createInvite", { meetingId, maxUses: 5 });
  };
  await expectTold(watch, {
    createInvite,
    revokeInvite: () => call(host, "invites:revokeInvite", { inviteId: invite.inviteId }),
    "createInvite again": createInvite,
    acceptInvite: () => call(late, "invites:acceptInvite", { secret: invite.secret }),
    startMeeting: () => call(host, "lifecycle:startMeeting"),
    joinMeeting: () => call(guest.identity, "lifecycle:joinMeeting"),
    "media comes": () => seen("joined"),
    "media goes": () => seen("left"),
    "joinMeeting again": () => call(guest.identity, "lifecycle:joinMeeting"),
    leaveMeeting: () => call(guest.identity, "lifecycle:leaveMeeting"),
    "a new name": () =>
      stage.call(guest.identity, "users/mutations:upsertUser", {
        ...{ email: "guest@example.test", displayName: "Guest" },
        workosUserId: guest.identity.subject,
      }),
    removeParticipant: () =>
      call(host, "lifecycle:removeParticipant", { meetingId, userId: lateId }),
    addParticipant: () =>
      call(host, "lifecycle:addParticipant", { meetingId, userId: lateId, role: "observer" }),
    endMeeting: () => call(host, "lifecycle:endMeeting"),
  });
});

it("what happens in a meeting runs no query of another one again, not even of the same people", async () => {
  const host = person({ orgId });
  const meetingId = await meetingOf(stage, host, { start: false });
  const guest = await guestOf(stage, host, meetingId);
  const other = await meetingOf(stage, host);
  await stage.call(host, "meetings/lifecycle:addParticipant", {
    ...{ meetingId: other, userId: guest.userId, role: "participant" },
  });
  const watch = watchMeeting({ host, guest: guest.identity }, other);
  const call = (who: UserIdentity, name: string, args: object = {}) =>
    stage.call(who, `meetings/${name}`, { meetingId, ...args });
  const changes = {
    startMeeting: () => call(host, "lifecycle:startMeeting"),
    joinMeeting: () => call(guest.identity, "lifecycle:joinMeeting"),
    startRecording: () => call(host, "stream/index:startRecording"),
    leaveMeeting: () => call(guest.identity, "lifecycle:leaveMeeting"),
    removeParticipant: () => call(host, "lifecycle:removeParticipant", { userId: guest.userId }),
    endMeeting: () => call(host, "lifecycle:endMeeting"),
  };
  for (const [what, work] of Object.entries(changes)) {
    const again = new Set(await watch.rerun(work));
    // Lists over all of somebody's meetings.
    for (const who of ["host", "guest"]) again.delete(`${who} meetings/queries:listUserMeetings`);
    again.delete("administrator audit/logging:getAuditLogs");
    expect([...again], what).toEqual([]);
  }
});

it("so is that a meeting was made, and cancelled", async () => {
  const host = person({ orgId });
  await userIdOf(stage, host);
  const watch = watchMeeting({ host }, "meeting_none");
  let meetingId = "";
  await expectTold(watch, {
    createMeeting: async () => {
      meetingId = await meetingOf(stage, host, { start: false });
    },
    cancelMeeting: () => stage.call(host, "meetings/lifecycle:cancelMeeting", { meetingId }),
  });
});

it("so is whatever becomes of a recording and its files", async () => {
  const host = person({ orgId });
  const meetingId = await meetingOf(stage, host);
  const guest = await guestOf(stage, host, meetingId);
  const watch = watchMeeting({ host, guest: guest.identity }, meetingId);
  const call = (name: string, args: object) =>
    stage.call<{ recordingId: string }>(host, name, args);
  let recordingId = "";
  const { db } = test;
  await expectTold(watch, {
    startRecording: async () => {
      const started = await call("meetings/stream/index:startRecording", { meetingId });
      ({ recordingId } = started);
    },
  });
  for (const [who, identity] of Object.entries({ host, guest: guest.identity }))
    watch.watch(who, identity, { "recordings/queries:getRecording": { recordingId } });
  let claimed: Rendition | undefined;
  const claim = () =>
    db.transaction(async (tx) => {
      claimed = await claimRendition(tx, "node", 60_000, null);
    });
  const withClaimed =
    (work: (tx: Parameters<typeof claimRendition>[0], of: Rendition) => Promise<unknown>) => () =>
      db.transaction(async (tx) => {
        if (claimed === undefined) throw new Error("nothing was claimed");
        await work(tx, claimed);
      });
  const file = {
    ...{ storageKey: "key", sizeBytes: 4, sha256: "00" },
    probe: {
      ...{ durationMs: 1000, expectedDurationMs: 1000, sizeBytes: 4, container: "mp4" },
      ...{ avOffsetMs: 0, faststart: true, problems: [] },
    },
  };
  await expectTold(watch, {
    pauseRecording: () => call("recordings/actions:pauseRecording", { recordingId }),
    resumeRecording: () => call("recordings/actions:resumeRecording", { recordingId }),
    stopRecording: () => call("meetings/stream/index:stopRecording", { meetingId, recordingId }),
    claim,
    release: withClaimed((tx, of) => releaseRendition(tx, of, "node")),
    "claim again": claim,
    progress: withClaimed((tx, of) =>
      renewRendition(tx, of, "node", { done: 0.5, etaMs: 1000 }, 60_000),
    ),
    failure: withClaimed((tx, of) => failRendition(tx, of, "node", "It broke", 0)),
    "claim after the failure": claim,
    file: withClaimed((tx, of) => finishRendition(tx, of, "node", file)),
    "another version": () =>
      call("recordings/actions:composeRecording", { recordingId, audioOnly: true }),
    "the name of who started it": () =>
      stage.call(host, "users/mutations:upsertUser", {
        ...{ email: "host@example.test", displayName: "Host" },
        workosUserId: host.subject,
      }),
    deleteRecording: () => call("recordings/mutations:deleteRecording", { recordingId }),
  });
  await watch.stale(() => settleDue(stage.services)).then(({ stale }) => expect(stale).toEqual([]));
});

it("so is whatever becomes of an organisation's webhooks", async () => {
  const orgId = `org_${randomUUID()}`;
  const [administrator, host] = [person({ orgId, orgRole: "admin" }), person({ orgId })];
  await userIdOf(stage, administrator);
  const meetingId = await meetingOf(stage, host, { start: false });
  const call = (name: string, args: object) =>
    stage.call<{ endpointId: string; eventId: string }>(
      administrator,
      `webhooks/mutations:${name}`,
      args,
    );
  const watch = new KeyWatch(test, stage);
  watch.watch("administrator", administrator, { "webhooks/queries:listEndpoints": {} });
  let endpointId = "";
  await expectTold(watch, {
    createEndpoint: async () => {
      ({ endpointId } = await call("createEndpoint", { url: "https://hooks.example.org/" }));
    },
  });
  watch.watch("administrator", administrator, {
    "webhooks/queries:listDeliveries": { endpointId },
  });
  const { db } = test;
  const claimed = async () => {
    const [claim] = await db.transaction((tx) =>
      claimDeliveries(tx, "node", { leaseMs: 60_000, limit: 1 }),
    );
    if (claim === undefined) throw new Error("nothing was claimed");
    return claim;
  };
  let eventId = "";
  let claim: Awaited<ReturnType<typeof claimed>> | undefined;
  const settled = (outcome: Parameters<typeof settleDelivery>[3]) =>
    db.transaction(async (tx) => {
      if (claim === undefined) throw new Error("nothing was claimed");
      await settleDelivery(tx, claim, "node", outcome, 0);
    });
  const claimOne = async () => {
    claim = await claimed();
  };
  await expectTold(watch, {
    rotateSecret: () => call("rotateSecret", { endpointId }),
    updateEndpoint: () => call("updateEndpoint", { endpointId, description: "CRM" }),
    sendTestEvent: async () => {
      ({ eventId } = await call("sendTestEvent", { endpointId }));
    },
    claim: claimOne,
    release: () =>
      db.transaction(async (tx) => {
        if (claim !== undefined) await releaseDelivery(tx, claim, "node");
      }),
    "claim again": claimOne,
    "a failure": () => settled({ kind: "failed", error: "answered with 500", status: 500 }),
    "replayDelivery, too early": () => call("replayDelivery", { endpointId, eventId }),
    "claim after the failure": claimOne,
    "the receiver is gone": () => settled({ kind: "gone", status: 410 }),
    "enabled again": () => call("updateEndpoint", { endpointId, enabled: true }),
    "what is told of a meeting": () =>
      stage.call(host, "meetings/lifecycle:startMeeting", { meetingId }),
    deleteEndpoint: () => call("deleteEndpoint", { endpointId }),
  });
});
