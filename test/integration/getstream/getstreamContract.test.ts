import { systemClock } from "../../../src/core/clock.ts";
import { silentLog } from "../../../src/core/log.ts";
import { startGetStreamStandIn } from "../../../src/synth/getstream/server.ts";
import { GetStreamVideoProvider } from "../../../src/video/getstream/provider.ts";
import { withResilience } from "../../../src/video/resilience.ts";
import { videoContract } from "../support/videoContract.ts";

async function make() {
  const standIn = await startGetStreamStandIn();
  const provider = new GetStreamVideoProvider({
    apiKey: standIn.apiKey,
    apiSecret: standIn.apiSecret,
    baseUrl: standIn.url,
    clock: systemClock,
    log: silentLog,
  });
  return {
    provider,
    async goLive({ roomId, user }: { roomId: string; user: { id: string } }) {
      standIn.calls.users.set(user.id, { id: user.id });
      standIn.calls.join(roomId, user.id);
      return { leave: async () => standIn.calls.leave(roomId, user.id) };
    },
    cleanup: () => standIn.close(),
  };
}

videoContract("getstream", make);

videoContract("getstream behind resilience", async () => {
  const subject = await make();
  return { ...subject, provider: withResilience(subject.provider, { log: silentLog }) };
});
