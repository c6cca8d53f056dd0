import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { AppError } from "../../../src/core/errors.ts";
import { deleteRecording } from "../../../src/recordings/lifecycle/deleteRecording.ts";
import { requestStopForMeeting } from "../../../src/recordings/lifecycle/requestStop.ts";
import { settleDue } from "../../../src/recordings/lifecycle/settle.ts";
import { startRecording } from "../../../src/recordings/lifecycle/start.ts";
import { stopRecording } from "../../../src/recordings/lifecycle/stop.ts";
import { claimRendition } from "../../../src/recordings/renditions/renditions.ts";
import { claimSite, releaseSite } from "../../../src/recordings/sites.ts";
import { advanceRecording } from "../../../src/recordings/store.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { activeMeeting, recordingStage, type Stage } from "../support/recordings.ts";
import { timeout } from "../support/scriptedVideo.ts";

let test: TestDatabase;
let stage: Stage;
beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.close());
beforeEach(async () => {
  stage = recordingStage(test);
  await test.sql(`UPDATE recordings SET deadline_at = NULL`);
});

interface Row {
  state: string;
  stop_reason: string | null;
  error_code: string | null;
  renditions: number;
}
async function row(id: string): Promise<Row | undefined> {
  const [found] = await test.sql<Row>(
    `SELECT state, stop_reason, error_code,
       (SELECT count(*)::int FROM renditions d WHERE d.recording_id = r.id) AS renditions
     FROM recordings r WHERE id = $1`,
    [id],
  );
  return found;
}

/** Lets time pass as a running server would see it: settle is due many times. */
async function pass(ms: number, node: Stage = stage): Promise<void> {
  await test.advanceTime(ms);
  await settleDue(node.services);
}

async function running() {
  const meeting = await activeMeeting(test);
  const { recordingId } = await startRecording(stage.services, meeting.hostId, meeting);
  return { ...meeting, recordingId };
}

/** A start whose outcome the server does not know: as after a kill between the write and the answer. */
async function unconfirmed(effect: "accepted" | "lost") {
  const meeting = await activeMeeting(test);
  if (effect === "lost") {
    stage.video.next("startRecording", () => {
      throw timeout();
    });
    await startRecording(stage.services, meeting.hostId, meeting).catch(() => undefined);
  } else {
    await startRecording(stage.services, meeting.hostId, meeting);
    await test.sql(
      `UPDATE recordings SET state = 'starting', started_at = NULL WHERE meeting_id = $1`,
      [meeting.meetingId],
    );
    await test.sql(`UPDATE recordings SET deadline_at = app_now() WHERE meeting_id = $1`, [
      meeting.meetingId,
    ]);
  }
  const [found] = await test.sql<{ id: string }>(
    `SELECT id FROM recordings WHERE meeting_id = $1`,
    [meeting.meetingId],
  );
  return { ...meeting, recordingId: found?.id ?? "" };
}

describe("a start that nobody confirmed", () => {
  it("becomes recording when the provider does record", async () => {
    const { recordingId } = await unconfirmed("accepted");
    await pass(20_000);
    expect((await row(recordingId))?.state).toBe("recording");
  });

  it("fails when the provider never heard of it, and frees the meeting", async () => {
    const { recordingId, hostId, meetingId } = await unconfirmed("lost");
    await pass(20_000);
    expect(await row(recordingId)).toMatchObject({ state: "failed", error_code: "never_started" });
    await startRecording(stage.services, hostId, { meetingId });
  });

  it("fails in the end when the provider cannot be reached", async () => {
    const { recordingId } = await unconfirmed("lost");
    for (let call = 0; call < 40; call++) {
      stage.video.next("recordingState", () => {
        throw timeout();
      });
    }
    for (let step = 0; step < 6; step++) await pass(20_000);
    expect(await row(recordingId)).toMatchObject({
      state: "failed",
      error_code: "EXTERNAL_SERVICE_TIMEOUT",
    });
  });
});

describe("a running recording", () => {
  it("goes on while somebody is there", async () => {
    const { recordingId } = await running();
    for (let minute = 0; minute < 5; minute++) await pass(60_000);
    expect((await row(recordingId))?.state).toBe("recording");
  });

  it("stops 60 s after the last participant has gone", async () => {
    const { recordingId, meetingId } = await running();
    await test.sql(
      `UPDATE meeting_participants SET in_room = false, left_at = app_now() WHERE meeting_id = $1`,
      [meetingId],
    );
    await pass(50_000);
    expect((await row(recordingId))?.state).toBe("recording");
    await pass(11_000);
    expect(await row(recordingId)).toMatchObject({ state: "stopping", stop_reason: "empty" });
    await pass(1_000);
    expect(await row(recordingId)).toMatchObject({ state: "processing", renditions: 1 });
  });

  it("stops at its maximum duration, also when the provider forgot to", async () => {
    const { recordingId } = await running();
    await pass(3600_000 + 1_000);
    expect(await row(recordingId)).toMatchObject({
      state: "stopping",
      stop_reason: "max_duration",
    });
  });

  it("that the provider ended by itself is processed, with its reason", async () => {
    const { recordingId } = await running();
    stage.video.seal(recordingId, "disk_full");
    await pass(5_000);
    expect(await row(recordingId)).toMatchObject({
      state: "processing",
      stop_reason: "disk_full",
      renditions: 1,
    });
  });

  it("is processed only once it is sealed, so that its tracks and reason are known", async () => {
    const { recordingId } = await running();
    stage.video.next("recordingState", () => ({ status: "finishing" }));
    await pass(5_000);
    expect(await row(recordingId)).toMatchObject({ state: "stopping", stop_reason: null });
    stage.video.next("stopRecording", () => ({ status: "finishing" }));
    await pass(5_000);
    expect(await row(recordingId)).toMatchObject({ state: "stopping", renditions: 0 });
    stage.video.seal(recordingId, "disk_full");
    await pass(5_000);
    expect(await row(recordingId)).toMatchObject({
      state: "processing",
      stop_reason: "disk_full",
      renditions: 1,
    });
  });

  it("without any media fails with that reason and keeps no rendition", async () => {
    const { recordingId } = await running();
    stage.video.seal(recordingId, "room_closed", { hasMedia: false });
    await pass(5_000);
    expect(await row(recordingId)).toMatchObject({
      state: "failed",
      error_code: "no_media",
      renditions: 0,
    });
  });

  it("that the provider lost fails with that reason", async () => {
    const { recordingId } = await running();
    stage.video.forget(recordingId);
    await pass(5_000);
    expect(await row(recordingId)).toMatchObject({ state: "failed", error_code: "media_lost" });
  });

  it("outlasts a provider that cannot be reached for hours", async () => {
    const { recordingId } = await running();
    for (let hour = 0; hour < 3; hour++) {
      stage.video.next("recordingState", () => {
        throw timeout();
      });
      await pass(600_000);
    }
    expect((await row(recordingId))?.state).toBe("recording");
  });

  it("stops with its meeting, in the meeting's own transaction", async () => {
    const { recordingId, meetingId, hostId } = await running();
    await test.db.transaction(async (tx) => {
      await requestStopForMeeting(tx, meetingId, { reason: "meeting_ended", actorUserId: hostId });
    });
    expect(await row(recordingId)).toMatchObject({
      state: "stopping",
      stop_reason: "meeting_ended",
    });
    await pass(1);
    expect((await row(recordingId))?.state).toBe("processing");
  });
});

describe("a stop", () => {
  it("seals the recording, queues its file and tells the duration", async () => {
    const { recordingId, meetingId, hostId } = await running();
    const answer = await stopRecording(stage.services, hostId, { meetingId });
    expect(answer).toMatchObject({ success: true, recordingId });
    expect(answer.duration).toBeGreaterThan(0);
    expect(await row(recordingId)).toMatchObject({
      state: "processing",
      stop_reason: "host",
      renditions: 1,
    });
  });

  it("succeeds while the provider is gone, and converges when it is back", async () => {
    const { recordingId, meetingId, hostId } = await running();
    stage.video.unreachable = true;
    const answer = await stopRecording(stage.services, hostId, { meetingId });
    expect(answer.success).toBe(true);
    for (let attempt = 0; attempt < 3; attempt++) await pass(20_000);
    expect((await row(recordingId))?.state).toBe("stopping");
    stage.video.unreachable = false;
    await pass(20_000);
    expect((await row(recordingId))?.state).toBe("processing");
  });

  it("converges also when the provider never comes back", async () => {
    const { recordingId, meetingId, hostId } = await running();
    stage.video.unreachable = true;
    await stopRecording(stage.services, hostId, { meetingId });
    for (let minute = 0; minute < 12; minute++) await pass(60_000);
    expect((await row(recordingId))?.state).toBe("failed");
  });

  it("twice answers with the same recording", async () => {
    const { meetingId, hostId } = await running();
    const first = await stopRecording(stage.services, hostId, { meetingId });
    expect(await stopRecording(stage.services, hostId, { meetingId })).toEqual(first);
    const named = { meetingId, recordingId: first.recordingId };
    expect(await stopRecording(stage.services, hostId, named)).toEqual(first);
  });

  it("of an unknown recording, or of another meeting's, is NOT_FOUND and stops nothing", async () => {
    const one = await running();
    const other = await running();
    for (const recordingId of ["recording_none", other.recordingId]) {
      const error = await stopRecording(stage.services, one.hostId, { ...one, recordingId }).catch(
        (reason: unknown) => reason,
      );
      expect(error).toMatchObject({ code: "NOT_FOUND" });
    }
    expect((await row(one.recordingId))?.state).toBe("recording");
    expect((await row(other.recordingId))?.state).toBe("recording");
  });

  it("with nothing to stop is limited to 5 in 60 s, a real stop never", async () => {
    const { meetingId, hostId } = await running();
    await stopRecording(stage.services, hostId, { meetingId });
    for (let call = 0; call < 5; call++) await stopRecording(stage.services, hostId, { meetingId });
    const error = await stopRecording(stage.services, hostId, { meetingId }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ code: "RATE_LIMIT_EXCEEDED" });
    await startRecording(stage.services, hostId, { meetingId });
    expect((await stopRecording(stage.services, hostId, { meetingId })).success).toBe(true);
  });

  it("of a meeting that was never recorded counts against the same limit", async () => {
    const meeting = await activeMeeting(test);
    const code = () =>
      stopRecording(stage.services, meeting.hostId, meeting).catch((error: AppError) => error.code);
    for (let call = 0; call < 5; call++) expect(await code()).toBe("NOT_FOUND");
    expect(await code()).toBe("RATE_LIMIT_EXCEEDED");
  });

  it("with nothing to stop is limited also when many come at once", async () => {
    const meeting = await activeMeeting(test);
    const codes = await Promise.all(
      Array.from({ length: 12 }, () =>
        stopRecording(stage.services, meeting.hostId, meeting).catch(
          (error: AppError) => error.code,
        ),
      ),
    );
    expect(codes.filter((code) => code === "NOT_FOUND")).toHaveLength(5);
  });

  it("while the start is not confirmed ends the recording all the same", async () => {
    const { recordingId, meetingId, hostId } = await unconfirmed("accepted");
    await stopRecording(stage.services, hostId, { meetingId });
    expect((await row(recordingId))?.state).toBe("processing");
  });
});

describe("a deleted recording", () => {
  async function deleted() {
    const { recordingId, meetingId, hostId } = await running();
    await stopRecording(stage.services, hostId, { meetingId });
    await test.db.transaction((tx) => deleteRecording(tx, recordingId, hostId));
    return recordingId;
  }
  const due = async (id: string) =>
    (await test.sql(`SELECT 1 FROM recordings WHERE id = $1 AND deadline_at IS NOT NULL`, [id]))
      .length > 0;

  it("is purged in the end, however long the provider cannot be reached", async () => {
    const recordingId = await deleted();
    const remove = vi.spyOn(stage.video, "deleteRecording").mockRejectedValue(timeout());
    for (let hour = 0; hour < 4; hour++) await pass(3_600_000);
    expect(await due(recordingId)).toBe(true);
    remove.mockRestore();
    await pass(3_600_000);
    expect(await due(recordingId)).toBe(false);
  });

  it("is not moved on by who has not noticed yet", async () => {
    const recordingId = await deleted();
    const moved = await test.db.transaction((tx) => advanceRecording(tx, recordingId, "ready", {}));
    expect(moved).toBeUndefined();
    expect(await due(recordingId)).toBe(true);
  });
});

describe("several nodes", () => {
  it("do not settle the same recording at the same time", async () => {
    const { recordingId } = await running();
    const nodes = [stage, recordingStage(test), recordingStage(test)];
    await test.stopTime();
    await test.advanceTime(10_000);
    const looked = await Promise.all(nodes.map((node) => settleDue(node.services)));
    expect(looked.reduce((sum, count) => sum + count, 0)).toBe(1);
    expect((await row(recordingId))?.state).not.toBe("starting");
  });

  it("take over from one that died with a lease in hand", async () => {
    const { recordingId } = await running();
    await test.sql(
      `UPDATE recordings SET lease_owner = 'dead', lease_until = app_now() + interval '20 s',
         deadline_at = app_now() WHERE id = $1`,
      [recordingId],
    );
    stage.video.seal(recordingId, "room_closed");
    await pass(1_000);
    expect((await row(recordingId))?.state).toBe("recording");
    await pass(20_000);
    expect((await row(recordingId))?.state).toBe("processing");
  });
});

describe("a provider that makes the file itself", () => {
  const hour = 3_600_000;
  const finishing = () => ({ status: "finishing" as const });
  beforeEach(() => {
    Object.assign(stage.video.capabilities, { composesLocally: false });
  });

  /** Stopped; nothing is listed yet. */
  async function waiting() {
    const started = await running();
    stage.video.next("stopRecording", finishing);
    await stopRecording(stage.services, started.hostId, started);
    stage.video.next("stopRecording", finishing);
    await pass(12_000);
    expect((await row(started.recordingId))?.state).toBe("processing");
    return started;
  }

  /** Given up: the file has not come for hours. */
  async function givenUp() {
    const started = await waiting();
    for (let hours = 0; hours < 3; hours++) {
      stage.video.next("recordingState", finishing);
      await pass(hour);
    }
    const failed = { state: "failed", error_code: "file_missing", renditions: 0 };
    expect(await row(started.recordingId)).toMatchObject(failed);
    return started;
  }

  it("has it fetched once it is listed, also when that takes its time", async () => {
    const { recordingId } = await waiting();
    stage.video.next("recordingState", finishing);
    await pass(31_000);
    expect(await row(recordingId)).toMatchObject({ state: "processing", renditions: 0 });
    stage.video.seal(recordingId, "host");
    await pass(31_000);
    expect(await row(recordingId)).toMatchObject({ state: "processing", renditions: 1 });
  });

  it("that never makes it is given up in the end", async () => {
    await givenUp();
  });

  it("that makes it days later has it fetched all the same", async () => {
    const { recordingId } = await givenUp();
    stage.video.seal(recordingId, "host");
    await pass(25 * hour);
    expect(await row(recordingId)).toMatchObject({
      ...{ state: "processing", error_code: null, renditions: 1 },
    });
  });

  it("is not asked any more after two weeks", async () => {
    const { recordingId } = await givenUp();
    stage.video.next("recordingState", finishing);
    await pass(15 * 24 * hour);
    const asked = stage.video.calls.recordingState.length;
    for (let day = 0; day < 3; day++) await pass(24 * hour);
    expect(stage.video.calls.recordingState).toHaveLength(asked);
    expect((await row(recordingId))?.state).toBe("failed");
  });

  it("gives a file to one recording alone", async () => {
    stage.video.nextFile = "session/one.mp4";
    const first = await running();
    await stopRecording(stage.services, first.hostId, first);
    const again = await startRecording(stage.services, first.hostId, first);
    await stopRecording(stage.services, first.hostId, first);
    await pass(31_000);
    expect(await row(first.recordingId)).toMatchObject({ state: "processing", renditions: 1 });
    expect(await row(again.recordingId)).toMatchObject({ renditions: 0 });
  });

  it("that runs what nobody owns any more is told to stop it", async () => {
    const { recordingId } = await unconfirmed("lost");
    await pass(61_000);
    expect(await row(recordingId)).toMatchObject({ state: "failed", error_code: "never_started" });
    stage.video.next("recordingState", () => ({ status: "recording", startedAt: Date.now() }));
    await pass(31_000);
    expect(stage.video.calls.stopRecording).toEqual([recordingId]);
  });

  it("that runs what was given up and deleted is told to stop it", async () => {
    const { recordingId, hostId } = await unconfirmed("lost");
    await pass(61_000);
    await test.db.transaction((tx) => deleteRecording(tx, recordingId, hostId));
    vi.spyOn(stage.video, "deleteRecording").mockResolvedValue(false);
    const providerRef = { runningAt: "1" };
    stage.video.next("recordingState", () => ({
      ...{ status: "recording", startedAt: Date.now(), providerRef },
    }));
    await pass(0);
    expect(stage.video.calls.stopRecording).toEqual([recordingId]);
    const [kept] = await test.sql("SELECT provider_ref FROM recordings WHERE id = $1", [
      recordingId,
    ]);
    expect(kept).toEqual({ provider_ref: providerRef });
  });

  it("keeps a deletion due until it can have made no file any more", async () => {
    const { recordingId, hostId } = await givenUp();
    await test.db.transaction((tx) => deleteRecording(tx, recordingId, hostId));
    const remove = vi.spyOn(stage.video, "deleteRecording").mockResolvedValue(false);
    for (let day = 0; day < 3; day++) await pass(24 * hour);
    expect(remove.mock.calls.length).toBeGreaterThan(1);
    remove.mockResolvedValue(true);
    await pass(24 * hour);
    const asked = remove.mock.calls.length;
    await pass(24 * hour);
    expect(remove.mock.calls).toHaveLength(asked);
  });

  it("that does not show a start yet is believed only after a while", async () => {
    Object.assign(stage.video.capabilities, { absentGraceMs: 60_000 });
    const { recordingId } = await unconfirmed("lost");
    stage.video.next("recordingState", () => ({ status: "absent" }));
    await pass(20_000);
    expect((await row(recordingId))?.state).toBe("starting");
    stage.video.next("recordingState", () => ({ status: "recording", startedAt: Date.now() }));
    await pass(20_000);
    expect((await row(recordingId))?.state).toBe("recording");
  });
});

describe("a recording in another data folder", () => {
  const there = "site-there";
  const heardOf = (ago: string) =>
    test.sql(
      `INSERT INTO sites (id, place, lease_until) VALUES ($1, 'there', app_now() - $2::interval)
       ON CONFLICT (id) DO UPDATE SET lease_until = EXCLUDED.lease_until`,
      [there, ago],
    );
  const recordedThere = async () => {
    stage.services.siteId = there;
    const { recordingId } = await running();
    stage = recordingStage(test);
    stage.services.siteId = "site-here";
    return recordingId;
  };

  it("is not touched, whatever this node's rooms know of it", async () => {
    const id = await recordedThere();
    await heardOf("0");
    await pass(20 * 60_000);
    await heardOf("59 minutes");
    await pass(5_000);
    expect(await row(id)).toMatchObject({ state: "recording", error_code: null });
  });

  it("is given up while it is open when its server has been away for an hour", async () => {
    const id = await recordedThere();
    await heardOf("61 minutes");
    await pass(5_000);
    expect(await row(id)).toMatchObject({ state: "failed", error_code: "media_lost" });
  });

  it("is composed by its own servers only", async () => {
    const id = await recordedThere();
    await heardOf("1 day");
    await test.sql("UPDATE renditions SET state = 'failed'");
    await test.sql(
      `UPDATE recordings SET state = 'processing', deadline_at = app_now() WHERE id = $1`,
      [id],
    );
    await test.sql(
      `INSERT INTO renditions (id, meeting_id, recording_id, quality, layout, audio_only)
       SELECT 'rendition_there', meeting_id, id, quality, layout, audio_only FROM recordings WHERE id = $1`,
      [id],
    );
    await pass(5_000);
    const claims = (siteId: string) =>
      test.db.transaction((tx) => claimRendition(tx, "node", 1000, siteId));
    expect(await claims("site-here")).toBeUndefined();
    expect(await claims(there)).toMatchObject({ id: "rendition_there" });
    expect(await row(id)).toMatchObject({ state: "processing" });
  });
});

describe("a database with embedded rooms", () => {
  const site = (id: string) => ({ id, place: `host:/${id}` });

  it("is one data folder's, for all of its servers, until that has gone", async () => {
    await test.sql("DELETE FROM sites");
    const starts = await Promise.allSettled(["a", "b"].map((id) => claimSite(test.db, site(id))));
    const [refused] = starts.filter(({ status }) => status === "rejected");
    expect(refused).toMatchObject({
      reason: { code: "CONFLICT", message: expect.stringMatching(/host:\/[ab].*CONNVO_DATA_DIR/) },
    });
    const [first, second] = starts[0]?.status === "fulfilled" ? ["a", "b"] : ["b", "a"];
    await claimSite(test.db, site(first ?? ""));
    await test.advanceTime(31_000);
    await claimSite(test.db, site(second ?? ""));
    await expect(claimSite(test.db, site(first ?? ""))).rejects.toMatchObject({ code: "CONFLICT" });
    await test.db.transaction((tx) => releaseSite(tx, site(second ?? "")));
    await claimSite(test.db, site(first ?? ""));
  });
});
