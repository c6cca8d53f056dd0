import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { recordingLayouts, recordingQualities } from "../../../src/core/recording.ts";
import { verify } from "../../../src/synth/getstream/auth.ts";
import {
  callPath,
  goLive,
  openScene,
  recordingOf,
  room,
  type Scene,
  spec,
} from "../support/getstream.ts";

let scene: Scene;
beforeEach(async () => {
  scene = await openScene();
});
afterEach(() => scene.close());

const sent = () =>
  scene.standIn.requests.map(({ method, path, rawBody }) => [method, path, rawBody]);

describe("requests are exactly those of Stream's SDK", () => {
  test("with the server's token, raw, on each of them", async () => {
    await scene.provider.createRoom(spec);
    for (const { headers, query } of scene.standIn.requests) {
      expect(query).toEqual({ api_key: scene.standIn.apiKey });
      expect(headers).toMatchObject({
        "stream-auth-type": "jwt",
        "content-type": "application/json",
        "accept-encoding": "gzip",
        "x-stream-client": "stream-node-0.7.64",
      });
      expect(headers["x-client-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
      const token = String(headers["authorization"]);
      expect(verify(token, scene.standIn.apiSecret)).toEqual({ server: true });
    }
  });

  test("createRoom makes the organiser known, then the call", async () => {
    await scene.provider.createRoom({ ...spec, description: "Plans" });
    expect(sent()).toEqual([
      ["POST", "/api/v2/users", '{"users":{"host":{"id":"host","name":"Ada"}}}'],
      [
        "POST",
        callPath,
        JSON.stringify({
          data: {
            created_by_id: "host",
            members: [{ user_id: "host", role: "admin" }],
            custom: { meetingId: "meeting_1", title: "Weekly", description: "Plans" },
            settings_override: {
              recording: {
                mode: "available",
                quality: "720p",
                audio_only: false,
                layout: { name: "grid" },
              },
              transcription: { mode: "available" },
              screensharing: { enabled: true },
              limits: { max_participants: 8, max_duration_seconds: 14_400 },
            },
          },
        }),
      ],
    ]);
  });

  test("startRecording reads, sets and starts", async () => {
    goLive(scene);
    const config = { quality: "1080p", layout: "single-participant" } as const;
    await scene.provider.startRecording(recordingOf(config));
    const settings =
      '{"settings_override":{"recording":{"mode":"available","quality":"1080p","audio_only":false,"layout":{"name":"single-participant"}}}}';
    expect(sent()).toEqual([
      ["GET", callPath, ""],
      ["PATCH", callPath, settings],
      ["POST", `${callPath}/recordings/composite/start`, "{}"],
    ]);
  });

  test("stopRecording looks first, because Stream has no id to stop by", async () => {
    goLive(scene);
    const request = recordingOf();
    await scene.provider.startRecording(request);
    scene.standIn.requests.length = 0;
    await scene.provider.stopRecording(request);
    expect(sent()).toEqual([
      ["GET", callPath, ""],
      ["POST", `${callPath}/recordings/composite/stop`, "{}"],
    ]);
  });

  test("closeRoom ends the call with no body at all", async () => {
    goLive(scene);
    await scene.provider.closeRoom(room);
    expect(sent()).toEqual([["POST", `${callPath}/mark_ended`, ""]]);
  });

  test("removeParticipant blocks, then kicks", async () => {
    goLive(scene);
    await scene.provider.removeParticipant(room, "host");
    expect(sent()).toEqual([
      ["POST", `${callPath}/block`, '{"user_id":"host"}'],
      ["POST", `${callPath}/kick`, '{"user_id":"host"}'],
    ]);
    expect(() => scene.standIn.calls.join(room.roomId, "host")).toThrow("blocked");
  });

  test("removeParticipant blocks also who never connected", async () => {
    goLive(scene);
    await scene.provider.removeParticipant(room, "stranger");
    expect(scene.standIn.operations()).toEqual([
      "BlockUser",
      "UpdateUsers",
      "BlockUser",
      "KickUser",
    ]);
    expect(() => scene.standIn.calls.join(room.roomId, "stranger")).toThrow("blocked");
  });

  test("deleteRecording names session and file, encoded", async () => {
    goLive(scene);
    const request = recordingOf();
    const call = scene.standIn.calls.get(room.roomId);
    await scene.provider.startRecording(request);
    await scene.provider.stopRecording(request);
    call.files = call.files.map((file) => ({ ...file, filename: "a b/$&.mp4" }));
    scene.standIn.requests.length = 0;
    await scene.provider.deleteRecording(request);
    const session = call.session?.id ?? "";
    expect(sent().at(-1)).toEqual([
      "DELETE",
      `${callPath}/${session}/recordings/a%20b%2F%24%26.mp4`,
      "",
    ]);
    expect(call.files).toEqual([]);
  });

  test("nothing but published fields is ever sent", async () => {
    goLive(scene);
    for (const quality of recordingQualities) {
      for (const layout of recordingLayouts) {
        const request = recordingOf({ quality, layout });
        await scene.provider.startRecording(request);
        await scene.provider.stopRecording(request);
        await scene.provider.deleteRecording(request);
      }
    }
    await scene.provider.removeParticipant(room, "host");
    await scene.provider.closeRoom(room);
    expect(scene.standIn.requests.flatMap(({ unknownKeys }) => unknownKeys)).toEqual([]);
    expect(scene.standIn.operations()).not.toContain("Request");
  });
});

describe("settings of a recording", () => {
  test("audio only is asked for as such", async () => {
    goLive(scene);
    await scene.provider.startRecording(recordingOf({ audioOnly: true }));
    expect(scene.standIn.calls.get(room.roomId).settings.recording).toMatchObject({
      mode: "available",
      audio_only: true,
    });
  });

  test("a call switched off in the dashboard is switched on", async () => {
    goLive(scene);
    scene.standIn.calls.get(room.roomId).settings.recording = { mode: "disabled" };
    const answer = await scene.provider.startRecording(recordingOf());
    expect(answer.status).toBe("starting");
  });

  test("settings that were not taken over start nothing", async () => {
    goLive(scene);
    const { calls } = scene.standIn;
    const update = calls.update.bind(calls);
    calls.update = (id) => update(id, {}, undefined);
    calls.get(room.roomId).settings.recording = {
      mode: "available",
      quality: "360p",
      layout: { name: "mobile" },
    };
    await expect(scene.provider.startRecording(recordingOf())).rejects.toMatchObject({
      code: "STREAM_ERROR",
      metadata: { operation: "startRecording", reason: "settings_not_applied" },
    });
    expect(scene.standIn.operations()).not.toContain("StartRecording");
  });
});

describe("a token", () => {
  const grant = { ...room, user: { id: "user_1", name: "Ada" }, maxParticipants: 4 };

  test.each([
    ["host", "admin"],
    ["participant", "participant"],
    ["observer", "observer"],
  ] as const)("of a %s is one of Stream's call tokens", async (role, callRole) => {
    const { token, expiresAt } = await scene.provider.token({ ...grant, role });
    const claims = verify(token, scene.standIn.apiSecret);
    expect(claims).toEqual({
      user_id: "user_1",
      role: callRole,
      call_cids: ["default:call_meeting_1"],
      iat: expiresAt - 3_600,
      exp: expiresAt,
    });
  });

  test("needs no request", async () => {
    await scene.provider.token({ ...grant, role: "host" });
    expect(scene.standIn.requests).toEqual([]);
  });

  test("is refused for a user or room Stream could not have", async () => {
    const hostile = { ...grant, role: "host" } as const;
    await expect(
      scene.provider.token({ ...hostile, user: { id: "a b", name: "x" } }),
    ).rejects.toMatchObject({ code: "VALIDATION_ERROR" });
    await expect(scene.provider.token({ ...hostile, roomId: "a:b" })).rejects.toMatchObject({
      code: "VALIDATION_ERROR",
    });
  });
});

describe("an id that would leave its place in the path sends nothing", () => {
  const hostile = ["../users", "..", "a/b", "a?b", "a#b", "réu nion #1", "$&", "x".repeat(65), ""];
  test.each(hostile)("%j", async (roomId) => {
    const { provider, standIn } = scene;
    const ref = { ...recordingOf(), roomId };
    const calls = [
      () => provider.createRoom({ ...spec, roomId }),
      () => provider.startRecording(ref),
      () => provider.stopRecording(ref),
      () => provider.recordingState(ref),
      () => provider.deleteRecording(ref),
      () => provider.removeParticipant(ref, "host"),
      () => provider.closeRoom(ref),
    ];
    for (const call of calls)
      await expect(async () => call()).rejects.toMatchObject({
        code: "VALIDATION_ERROR",
        metadata: { field: "roomId" },
      });
    expect(standIn.requests).toEqual([]);
  });
});

test("a room larger than Stream's is refused with the limit, before anything is sent", async () => {
  await expect(scene.provider.createRoom({ ...spec, maxParticipants: 101 })).rejects.toMatchObject({
    code: "VALIDATION_ERROR",
    metadata: { field: "maxParticipants", limit: 100 },
  });
  expect(scene.standIn.requests).toEqual([]);
});
