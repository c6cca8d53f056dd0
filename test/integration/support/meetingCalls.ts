import { createHash, randomUUID } from "node:crypto";
import type { Identity, Plan, UserIdentity } from "../../../src/auth/identity.ts";
import { createLinkSigner } from "../../../src/auth/signedLink.ts";
import { createPeerTokens } from "../../../src/auth/tokens/peerTokens.ts";
import { loadConfig } from "../../../src/config/config.ts";
import { systemClock } from "../../../src/core/clock.ts";
import type { ErrorData } from "../../../src/core/errors.ts";
import { silentLog } from "../../../src/core/log.ts";
import { functionModules } from "../../../src/generated/modules.ts";
import { capturesStay } from "../../../src/recordings/archive/captureCopies.ts";
import { databaseAccounts } from "../../../src/runtime/call/accounts.ts";
import { Invoker, type InvokerOptions } from "../../../src/runtime/call/invoke.ts";
import type { Services } from "../../../src/runtime/context.ts";
import { buildRegistry } from "../../../src/runtime/registry.ts";
import { createFileStorage } from "../../../src/storage/file/fileStorage.ts";
import type { Breakers, RoomSpec } from "../../../src/video/port.ts";
import { documented } from "../../support/functions/documented.ts";
import type { TestDatabase } from "./database.ts";
import { type ScriptedVideo, scriptedVideo } from "./scriptedVideo.ts";

export const registry = buildRegistry(functionModules);

const document = documented(registry);

/** Fails where a call that went well, or what it was answered, is not as the API document says. */
function checkDocumented(name: string, args: object, json: string): void {
  if (!document.allowsArguments(name, args))
    throw new Error(`the document forbids ${JSON.stringify(args)} for ${name}`);
  const value: unknown = JSON.parse(json);
  const fault = document.faultOf(name, {
    status: "success",
    errorMessage: "",
    errorData: {},
    value,
  });
  if (fault !== undefined) throw new Error(`${name} answered ${json}: ${fault}`);
}

type RoomOperation = "createRoom" | "closeRoom" | "removeParticipant";

/** A video provider that notes what becomes of rooms and fails while `failing` says so. */
export interface RoomVideo extends ScriptedVideo, Breakers {
  readonly rooms: [RoomOperation, string][];
  readonly specs: RoomSpec[];
  failing: RoomOperation | undefined;
  /** Runs in the middle of the next room operation of that kind. */
  during: Partial<Record<RoomOperation, () => Promise<unknown>>>;
}

function roomVideo(): RoomVideo {
  const note = async (operation: RoomOperation, what: string) => {
    video.rooms.push([operation, what]);
    const { [operation]: interrupt } = video.during;
    delete video.during[operation];
    await interrupt?.();
    if (video.failing === operation) throw new Error(`scripted failure of ${operation}`);
  };
  const video: RoomVideo = Object.assign(scriptedVideo(), {
    rooms: [],
    specs: [],
    failing: undefined,
    during: {},
    createRoom: (spec: RoomSpec) => {
      video.specs.push(spec);
      return note("createRoom", spec.roomId);
    },
    closeRoom: ({ roomId }: { roomId: string }) => note("closeRoom", roomId),
    removeParticipant: (_: unknown, userId: string) => note("removeParticipant", userId),
    breakers: () =>
      (["createRoom", "recordingState"] as const).map((operation) => ({
        ...{ service: video.name, operation, state: "closed" as const, failures: 0 },
      })),
    resetBreaker: () => undefined,
    token: async (grant: object) => ({ token: JSON.stringify(grant), expiresAt: 1_700_003_600 }),
  });
  return video;
}

export const admin: Identity = { kind: "admin" };
export const nobody: Identity = { kind: "anonymous" };

/** Somebody nobody has seen before. */
export function person(change: Partial<UserIdentity> & { plan?: Plan } = {}): UserIdentity {
  const subject = `subject_${randomUUID()}`;
  const verified = change.email === undefined ? {} : { emailVerified: true as const };
  return {
    ...{ kind: "user", issuer: "https://issuer.test", subject, plan: "paid" },
    ...verified,
    ...change,
  };
}

/** Calls functions as the edges do: arguments, permission, handler and result are all checked. */
export function meetingStage(
  test: Pick<TestDatabase, "db">,
  env: Record<string, string> = {},
  { onCall }: Pick<InvokerOptions, "onCall"> = {},
) {
  const video = roomVideo();
  const services: Services = {
    config: loadConfig({ CONNVO_DATA_DIR: "/nonexistent", ...env }),
    db: test.db,
    video,
    storage: createFileStorage("/nonexistent"),
    clock: systemClock,
    log: silentLog,
    nodeId: randomUUID(),
    siteId: null,
    links: createLinkSigner("a secret of the tests"),
    peerTokens: createPeerTokens("a secret of the tests", systemClock),
    copies: capturesStay,
    captured: { of: async () => undefined },
    languageModel: undefined,
    meaning: undefined,
    publicUrl: () => "http://connvo.test",
    freeDiskBytes: async () => 1e12,
  };
  const accounts = databaseAccounts(test.db);
  const invoker = new Invoker({
    ...{ registry, services, accounts, log: silentLog },
    ...(onCall && { onCall }),
  });
  const invoke = (identity: Identity, name: string, args: object) =>
    invoker.invoke({
      name,
      kind: undefined,
      args: structuredClone(args),
      argsBytes: 0,
      format: "json",
      identity,
      requestId: randomUUID(),
      signal: () => new AbortController().signal,
    });
  return {
    services,
    invoker,
    video,
    /** The function's value; throws what it refuses. */
    call: async <T>(identity: Identity, name: string, args: object = {}): Promise<T> => {
      const outcome = await invoke(identity, name, args);
      if (outcome.ok) {
        checkDocumented(name, args, outcome.json);
        return JSON.parse(outcome.json);
      }
      throw new Error(`${name}: ${JSON.stringify(outcome.failure)}`);
    },
    /** The function's value, held against the document, or what it refuses with. */
    outcome: async (
      identity: Identity,
      name: string,
      args: object,
    ): Promise<{ value: unknown } | { refusal: ErrorData }> => {
      const outcome = await invoke(identity, name, args);
      if (outcome.ok) {
        checkDocumented(name, args, outcome.json);
        return { value: JSON.parse(outcome.json) };
      }
      if (outcome.failure.kind === "refused") return { refusal: outcome.failure.data };
      throw new Error(`${name}: ${JSON.stringify(outcome.failure)}`);
    },
    /** What the function refuses with. */
    refusal: async (identity: Identity, name: string, args: object = {}): Promise<ErrorData> => {
      const outcome = await invoke(identity, name, args);
      if (outcome.ok || outcome.failure.kind !== "refused")
        throw new Error(`${name} did not refuse: ${JSON.stringify(outcome)}`);
      return outcome.failure.data;
    },
  };
}

export type MeetingStage = ReturnType<typeof meetingStage>;

/** The id of a person's user, made by their first call. */
export async function userIdOf(stage: MeetingStage, identity: UserIdentity): Promise<string> {
  return (await stage.call<{ _id: string }>(identity, "users/queries:getCurrentUser"))._id;
}

/** A meeting of a host, running unless said otherwise. */
export async function meetingOf(
  stage: MeetingStage,
  host: UserIdentity,
  options: { args?: object; start?: boolean } = {},
): Promise<string> {
  const args = { title: "Planning", ...options.args };
  const { meetingId } = await stage.call<{ meetingId: string }>(
    host,
    "meetings/lifecycle:createMeeting",
    args,
  );
  if (options.start !== false)
    await stage.call(host, "meetings/lifecycle:startMeeting", { meetingId });
  return meetingId;
}

/** Brings a new person into a meeting. */
export async function guestOf(
  stage: MeetingStage,
  host: UserIdentity,
  meetingId: string,
  role = "participant",
) {
  const identity = person();
  const userId = await userIdOf(stage, identity);
  await stage.call(host, "meetings/lifecycle:addParticipant", { meetingId, userId, role });
  return { identity, userId };
}

export const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
