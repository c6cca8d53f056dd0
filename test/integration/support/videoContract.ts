import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { newId } from "../../../src/core/ids.ts";
import type {
  ProviderRecording,
  RecordingRef,
  RecordingStartRequest,
  RoomGrant,
  RoomPresence,
  RoomRef,
  RoomRole,
  RoomToken,
  VideoProvider,
} from "../../../src/video/port.ts";
import { patience, takeTime } from "../../support/patience.ts";

export interface VideoContractSubject {
  provider: VideoProvider;
  /**
   * Puts one person with media into the room; resolves once the provider has them. Without it only adapters that
   * can record an empty room are tested for recording.
   */
  goLive?(grant: RoomGrant, token: RoomToken): Promise<{ leave(): Promise<void> }>;
  cleanup(): Promise<void>;
}

takeTime();
const config = { quality: "720p", layout: "grid", audioOnly: false } as const;

/** What every `VideoProvider` promises. Run it once for each adapter. */
export function videoContract(name: string, make: () => Promise<VideoContractSubject>): void {
  describe(`${name} keeps the video contract`, () => {
    let subject: VideoContractSubject;
    beforeAll(async () => {
      subject = await make();
    });
    afterAll(() => subject?.cleanup());
    const fixture = () => new Fixture(subject);
    capabilityContract(fixture);
    roomContract(fixture);
    tokenContract(fixture);
    recordingContract(fixture);
    presenceContract(fixture);
  });
}

type MakeFixture = () => Fixture;

/** One room of its own, and short ways to use it. */
class Fixture {
  readonly provider: VideoProvider;
  readonly room: RoomRef;
  /** Nobody is in too many rooms at once. */
  readonly #host: string;
  readonly #subject: VideoContractSubject;

  constructor(subject: VideoContractSubject) {
    const unique = randomUUID().replaceAll("-", "");
    this.#subject = subject;
    this.provider = subject.provider;
    this.room = { meetingId: `meeting_${unique}`, roomId: `call_${unique}` };
    this.#host = `user_${unique}`;
  }

  create(): Promise<void> {
    return this.provider.createRoom({
      ...this.room,
      title: "Contract",
      organizer: { userId: this.#host, name: "Host" },
      maxParticipants: 4,
    });
  }

  grant(id = this.#host, role: RoomRole = "host"): RoomGrant {
    return { ...this.room, user: { id, name: id }, role, maxParticipants: 4 };
  }

  async goLive(id = this.#host, role: RoomRole = "host"): Promise<() => Promise<void>> {
    const grant = this.grant(id, role);
    const joined = await this.#subject.goLive?.(grant, await this.provider.token(grant));
    return async () => joined?.leave();
  }

  async live(): Promise<Fixture> {
    await this.create();
    await this.goLive();
    return this;
  }

  request(): RecordingStartRequest {
    const recordingId = newId("meetingRecordings");
    return { ...this.room, recordingId, config, maxDurationMs: 600_000 };
  }

  /** Starts, and waits until the provider says that it records. */
  async record(): Promise<RecordingRef & { startedAt: number }> {
    const request = this.request();
    const answer = await this.provider.startRecording(request);
    const ref = withRef(request, answer);
    const { startedAt } = await this.becomes(ref, "recording");
    return { ...ref, startedAt };
  }

  becomes<S extends ProviderRecording["status"]>(ref: RecordingRef, status: S) {
    return vi.waitFor(async () => {
      const answer = await this.provider.recordingState(ref);
      expect(answer.status).toBe(status);
      return answer as Extract<ProviderRecording, { status: S }>;
    }, patience);
  }
}

function withRef(request: RecordingRef, answer: ProviderRecording): RecordingRef {
  const { meetingId, roomId, recordingId } = request;
  const told = "providerRef" in answer ? answer.providerRef : undefined;
  return { meetingId, roomId, recordingId, ...(told ? { providerRef: told } : {}) };
}

function capabilityContract(fixture: MakeFixture): void {
  test("its capabilities are usable figures", () => {
    const { capabilities } = fixture().provider;
    expect(capabilities.maxParticipants).toBeGreaterThan(0);
    expect(capabilities.statePollMs).toBeGreaterThan(0);
    for (const flag of ["startsWithoutPublishers", "composesLocally", "reportsPresence"] as const)
      expect(typeof capabilities[flag]).toBe("boolean");
  });
}

function roomContract(fixture: MakeFixture): void {
  test("creating a room twice gives one room", async () => {
    const room = fixture();
    await room.create();
    await expect(room.create()).resolves.toBeUndefined();
  });

  test.each(["../../users", "room?x=1", "room/../other", ""])(
    "a room id outside the alphabet is refused: %j",
    async (roomId) => {
      const room = fixture();
      const hostile = { ...room.request(), roomId };
      await expect(room.provider.startRecording(hostile)).rejects.toMatchObject({
        name: "AppError",
      });
    },
  );

  test("closing a room twice is fine", async () => {
    const room = await fixture().live();
    await room.provider.closeRoom(room.room);
    await expect(room.provider.closeRoom(room.room)).resolves.toBeUndefined();
  });

  test("closing a room that never was is fine", async () => {
    const room = fixture();
    await expect(room.provider.closeRoom(room.room)).resolves.toBeUndefined();
  });

  test("removing a participant works for who is there, who is not, and twice", async () => {
    const room = await fixture().live();
    await room.goLive("user_guest", "participant");
    for (const userId of ["user_guest", "user_guest", "user_never_seen"])
      await expect(room.provider.removeParticipant(room.room, userId)).resolves.toBeUndefined();
  });
}

const claimsOf = ({ token }: RoomToken) =>
  JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8")) as Record<
    string,
    unknown
  >;

function tokenContract(fixture: MakeFixture): void {
  test("a token is bound to one room and user and expires in an hour", async () => {
    const room = fixture();
    const token = await room.provider.token(room.grant("user_guest", "participant"));
    const claims = claimsOf(token);
    expect(JSON.stringify(claims)).toContain(room.room.roomId);
    expect(Object.values(claims)).toContain("user_guest");
    expect(claims["exp"]).toBe(token.expiresAt);
    expect(Math.abs(token.expiresAt - Date.now() / 1000 - 3_600)).toBeLessThan(10);
  });

  test("a token tells the roles apart", async () => {
    const room = fixture();
    const roles = ["host", "participant", "observer"] as const;
    const told = await Promise.all(
      roles.map(async (role) => {
        const claims = claimsOf(await room.provider.token(room.grant("user_a", role)));
        const { exp: _e, iat: _i, jti: _j, ...lasting } = claims;
        return JSON.stringify(lasting);
      }),
    );
    expect(new Set(told).size).toBe(roles.length);
  });

  test("what it is given stays as it was", async () => {
    const room = fixture();
    const grant = Object.freeze({ ...room.grant(), user: Object.freeze(room.grant().user) });
    await expect(room.provider.token(grant)).resolves.toBeDefined();
  });
}

function recordingContract(fixture: MakeFixture): void {
  test("a recording nobody started is absent, and stopping it does not fail", async () => {
    const room = await fixture().live();
    await expect(room.provider.recordingState(room.request())).resolves.toEqual({
      status: "absent",
    });
    await expect(room.provider.stopRecording(room.request())).resolves.toEqual({
      status: "absent",
    });
    await expect(room.provider.deleteRecording(room.request())).resolves.toBeTypeOf("boolean");
  });

  test("an empty room is recorded or refused, as the capabilities say", async () => {
    const room = fixture();
    await room.create();
    const started = room.provider.startRecording(room.request());
    if (room.provider.capabilities.startsWithoutPublishers)
      await expect(started).resolves.toMatchObject({
        status: expect.stringMatching(/starting|recording/),
      });
    else
      await expect(started).rejects.toMatchObject({
        code: "MEETING_NOT_ACTIVE",
        metadata: { reason: "nobody_in_call" },
      });
  });

  test("a recording starts, runs, stops and is sealed", async () => {
    const room = await fixture().live();
    const ref = await room.record();
    const stopping = await room.provider.stopRecording(ref);
    expect(["recording", "finishing", "sealed"]).toContain(stopping.status);
    const sealed = await room.becomes(ref, "sealed");
    expect(sealed.stoppedAt).toBeGreaterThanOrEqual(sealed.startedAt);
    expect(sealed.stopReason).not.toBe("");
    expect(sealed.captureDir !== undefined).toBe(room.provider.capabilities.composesLocally);
  });

  test("starting twice is one recording, one after the other and at once", async () => {
    const room = await fixture().live();
    const request = room.request();
    const both = await Promise.all([
      room.provider.startRecording(request),
      room.provider.startRecording(request),
    ]);
    const third = await room.provider.startRecording(request);
    for (const answer of [...both, third])
      expect(["starting", "recording"]).toContain(answer.status);
    const { startedAt } = await room.becomes(request, "recording");
    await room.provider.startRecording(request);
    expect((await room.becomes(request, "recording")).startedAt).toBe(startedAt);
    await room.provider.stopRecording(request);
    await room.becomes(request, "sealed");
  });

  test("stopping twice is fine and leaves the first result", async () => {
    const room = await fixture().live();
    const ref = await room.record();
    await room.provider.stopRecording(ref);
    const sealed = await room.becomes(ref, "sealed");
    await expect(room.provider.stopRecording(ref)).resolves.toEqual(sealed);
  });

  test("pausing and resuming is one recording, each any number of times, as the capabilities say", async () => {
    const room = await fixture().live();
    const ref = await room.record();
    const { provider } = room;
    if (!provider.capabilities.pauses) {
      for (const refused of [provider.pauseRecording(ref), provider.resumeRecording(ref)])
        await expect(refused).rejects.toMatchObject({
          ...{ code: "VALIDATION_ERROR", metadata: { reason: "pause_unsupported" } },
        });
      await provider.stopRecording(ref);
      await room.becomes(ref, "sealed");
      return;
    }
    const { pausedAt } = recordingOf(await provider.pauseRecording(ref));
    expect(pausedAt).toBeGreaterThan(0);
    expect(recordingOf(await provider.pauseRecording(ref)).pausedAt).toBe(pausedAt);
    expect(recordingOf(await provider.recordingState(ref)).pausedAt).toBe(pausedAt);
    await provider.resumeRecording(ref);
    const resumed = recordingOf(await provider.resumeRecording(ref));
    expect(resumed.pausedAt).toBeUndefined();
    expect(resumed.pauses).toMatchObject([{ startedAt: pausedAt }]);
    await provider.pauseRecording(ref);
    await provider.stopRecording(ref);
    const sealed = await room.becomes(ref, "sealed");
    expect(sealed.pauses).toHaveLength(2);
    expect(sealed.pauses.at(-1)?.endedAt).toBe(sealed.stoppedAt);
    await expect(provider.pauseRecording(ref)).resolves.toEqual(sealed);
  });

  test("a second recording of the room does not disturb the first", async () => {
    const room = await fixture().live();
    const first = await room.record();
    await room.provider.stopRecording(first);
    const sealed = await room.becomes(first, "sealed");
    const second = await room.record();
    await expect(room.provider.recordingState(first)).resolves.toEqual(sealed);
    await room.provider.stopRecording(first);
    await room.becomes(second, "recording");
    await room.provider.stopRecording(second);
    await room.becomes(second, "sealed");
  });

  test("closing the room seals an open recording", async () => {
    const room = await fixture().live();
    const ref = await room.record();
    await room.provider.closeRoom(room.room);
    await room.becomes(ref, "sealed");
  });

  test("deleting leaves nothing, twice is fine", async () => {
    const room = await fixture().live();
    const ref = await room.record();
    await room.provider.stopRecording(ref);
    await room.becomes(ref, "sealed");
    await room.provider.deleteRecording(ref);
    await expect(room.provider.deleteRecording(ref)).resolves.toBeTypeOf("boolean");
  });

  test("an aborted start starts nothing", async () => {
    const room = await fixture().live();
    const request = room.request();
    await expect(room.provider.startRecording(request, AbortSignal.abort())).rejects.toThrow();
    await expect(room.provider.recordingState(request)).resolves.toEqual({ status: "absent" });
  });
}

function recordingOf(answer: ProviderRecording) {
  if (answer.status !== "recording") throw new Error(`it is ${answer.status}`);
  return answer;
}

function presenceContract(fixture: MakeFixture): void {
  test("presence is told where the capabilities say so, until unsubscribed", async () => {
    const room = fixture();
    await room.create();
    const heard: RoomPresence[] = [];
    const unsubscribe = room.provider.onPresence((presence) => heard.push(presence));
    const leave = await room.goLive();
    const here = () => heard.filter(({ roomId }) => roomId === room.room.roomId);
    if (room.provider.capabilities.reportsPresence) {
      await vi.waitFor(() => expect(here().at(-1)?.state).toBe("joined"), patience);
      await leave();
      await vi.waitFor(() => expect(here().at(-1)?.state).toBe("left"), patience);
    }
    unsubscribe();
    const before = here().length;
    await room.goLive("user_later", "participant");
    expect(here()).toHaveLength(before);
  });
}
