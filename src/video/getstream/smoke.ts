import { newId } from "../../core/ids.ts";
import type { StreamApi } from "./api.ts";
import { readCall } from "./callState.ts";
import { isAnswer } from "./errors.ts";
import { callCid } from "./ids.ts";
import type { GetStreamVideoProvider } from "./provider.ts";

export interface SmokeParts {
  api: StreamApi;
  provider: GetStreamVideoProvider;
  now: () => number;
}

export interface SmokeStep {
  name: string;
  /** @returns what was seen, in a few words. @throws what went wrong */
  run(): Promise<string>;
}

const recording = { mode: "available", audio_only: false, quality: "720p" } as const;

/**
 * What can be tried with a real account without anybody in a call, in order: a call of its own is made, asked for everything a
 * recording needs, and deleted at the end.
 */
export function smokeSteps({ api, provider, now }: SmokeParts): SmokeStep[] {
  const meetingId = newId("meetings");
  const room = { meetingId, roomId: meetingId };
  const host = "connvo-smoke";
  const call = () => api.call(room.roomId);
  const ask = <T>(send: Parameters<typeof api.request<T>>[1]) =>
    api.request<T>({ operation: "smoke" }, send);
  const aheadMs = () => Math.round(api.aheadMs ?? 0);
  return [
    {
      name: "key and secret are taken",
      run: async () => {
        const { app } = await ask((client) => client.getApp());
        const hooks = (app.event_hooks ?? []).map(({ webhook_url }) => webhook_url ?? "a queue");
        return hooks.length === 0 ? "no hooks yet" : `hooks: ${hooks.join(", ")}`;
      },
    },
    {
      name: "the clocks agree",
      run: async () => {
        if (Math.abs(aheadMs()) > 60_000)
          throw new Error(`Stream's clock is ${aheadMs()} ms ahead: tokens would be refused`);
        return `Stream's is ${aheadMs()} ms ahead`;
      },
    },
    {
      name: "a call is made",
      run: async () => {
        const organizer = { userId: host, name: "Connvo smoke test" };
        await provider.createRoom({ ...room, title: "Smoke test", organizer, maxParticipants: 2 });
        return callCid(room.roomId);
      },
    },
    {
      name: "settings of a recording are taken",
      run: async () => {
        const settings_override = {
          recording: { ...recording, layout: { name: "grid" as const } },
        };
        const { call: seen } = await ask(() => call().update({ settings_override }));
        const { quality, layout } = seen.settings.recording;
        if (quality !== "720p" || layout.name !== "grid")
          throw new Error(`Stream has ${quality} and ${layout.name} instead of 720p and grid`);
        return "720p, grid";
      },
    },
    {
      name: "a start with nobody there is refused",
      run: async () => {
        const request = () => call().startRecording({ recording_type: "composite" });
        try {
          await ask(request);
        } catch (error) {
          if (isAnswer(error, 400)) return "refused, as expected";
          throw error;
        }
        await ask(() => call().stopRecording({ recording_type: "composite" }));
        throw new Error("Stream has begun to record an empty call");
      },
    },
    {
      name: "calls are read one by one, and many at once",
      run: async () => {
        const { ended } = readCall((await ask(() => call().get())).call);
        const filter_conditions = { cid: { $in: [callCid(room.roomId)] } };
        const { calls } = await ask((client) =>
          client.video.queryCalls({ filter_conditions, limit: 25 }),
        );
        if (ended || calls.length !== 1) throw new Error(`${calls.length} calls, ended: ${ended}`);
        return "both answers agree";
      },
    },
    {
      name: "files are listed",
      run: async () => `${(await ask(() => call().listRecordings())).recordings.length} files`,
    },
    {
      name: "a token is signed",
      run: async () => {
        const user = { id: host, name: "Connvo smoke test" };
        const grant = { ...room, user, role: "host" as const, maxParticipants: 2 };
        const { expiresAt } = await provider.token(grant);
        return `good for ${Math.round(expiresAt - now() / 1000)} s`;
      },
    },
    {
      name: "the call is ended and deleted",
      run: async () => {
        await provider.closeRoom(room);
        await ask(() => call().delete());
        return "nothing is left";
      },
    },
  ];
}
