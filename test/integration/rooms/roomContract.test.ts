import { afterAll, beforeAll } from "vitest";
import { orThrow } from "../../../src/core/result.ts";
import { buildRoomProcess, RoomHarness } from "../support/roomHarness.ts";
import { videoContract } from "../support/videoContract.ts";

let built: Awaited<ReturnType<typeof buildRoomProcess>>;
beforeAll(async () => {
  built = await buildRoomProcess();
});
afterAll(() => built.remove());

videoContract("the embedded adapter", async () => {
  const rooms = await RoomHarness.create(built.entry);
  // Nothing but their silence tells of some who leave.
  const provider = await rooms.started({ silenceMs: 6000 });
  return {
    provider,
    goLive: async (grant, { token }) => {
      const publisher = rooms.publisher(grant.user.id);
      const verified = orThrow(await provider.verifyToken(token, grant.roomId));
      await publisher.publish(async (offer) => (await provider.publish(verified, offer)).answer);
      publisher.run();
      return { leave: async () => publisher.stop() };
    },
    cleanup: () => rooms.close(),
  };
});
