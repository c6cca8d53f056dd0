import { expect, it } from "vitest";
import type { ApiClient } from "../../api/client.ts";
import { MeetingAccess } from "./access.ts";

it("keeps a token while it is good, and gets a new one in time or when asked to", async () => {
  let now = 0;
  let given = 0;
  const api = {
    mutation: async () => ({ connectionInfo: { roomId: "room_1" } }),
    action: async () => {
      given += 1;
      return { token: `token ${given}`, expiresAt: now / 1000 + 3600 };
    },
  } as unknown as ApiClient;
  const access = new MeetingAccess({
    api,
    baseUrl: "https://server/",
    meetingId: "meeting_1",
    now: () => now,
  });
  const first = await access.get();
  expect(first).toMatchObject({ roomUrl: "https://server/rooms/room_1", token: "token 1" });
  now = 3_500_000;
  expect((await access.get()).token).toBe("token 1");
  now = 3_550_000;
  expect((await access.get()).token).toBe("token 2");
  expect((await access.get(true)).token).toBe("token 3");
});
