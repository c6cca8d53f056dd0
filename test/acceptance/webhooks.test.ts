import { afterAll, beforeAll, expect, it } from "vitest";
import { takeTime } from "../support/patience.ts";
import { isSignedBy, openReceiver, type Receiver } from "../support/webhookReceiver.ts";
import { callAsAdmin } from "./support/meetings.ts";
import { openSite, type Site } from "./support/site.ts";
import { until } from "./support/until.ts";

takeTime();

let site: Site;
let receiver: Receiver;
beforeAll(async () => {
  site = await openSite();
  receiver = await openReceiver();
});
afterAll(async () => {
  await site.close();
  await receiver.close();
});

interface Created {
  endpointId: string;
  secret: string;
}
const orgId = "org_acceptance";
const env = () => ({ CONNVO_WEBHOOK_ORIGINS: receiver.origin });
const came = (path: string) => receiver.received.filter((one) => one.path === path);

it("what was being sent when the server was killed is sent again, by the next one", async () => {
  const killed = await site.start(env());
  const url = `${receiver.origin}/hooks`;
  // Takes the first one and says nothing, as if its answer were still on the way.
  receiver.answer("/hooks", (response, times) => {
    if (times > 1) response.writeHead(204).end();
  });
  const { endpointId, secret } = await callAsAdmin<Created>(
    killed.url,
    "webhooks/mutations:createEndpoint",
    { orgId, url },
  );
  const { eventId } = await callAsAdmin<{ eventId: string }>(
    killed.url,
    "webhooks/mutations:sendTestEvent",
    { orgId, endpointId },
  );
  await until("the message has come", 60_000, () => came("/hooks").length === 1);
  await killed.kill();
  await site.start(env());
  await until("it has come again", 120_000, () => came("/hooks").length === 2);
  expect(came("/hooks").map(({ id }) => id)).toEqual([eventId, eventId]);
  for (const message of came("/hooks")) expect(isSignedBy(secret, message)).toBe(true);
});

it("an address of this machine that the operator has not named is not called", async () => {
  const server = await site.start();
  const inside = receiver.origin.replace("http:", "https:");
  const name = "webhooks/mutations:createEndpoint";
  await expect(callAsAdmin(server.url, name, { orgId, url: inside })).rejects.toThrow("port 443");
  // A name that leads here passes the registration, and is stopped at the connection.
  const { endpointId } = await callAsAdmin<Created>(server.url, name, {
    orgId,
    url: "https://localhost/",
  });
  await callAsAdmin(server.url, "webhooks/mutations:sendTestEvent", { orgId, endpointId });
  const deliveries = () =>
    callAsAdmin<{ lastError?: string }[]>(server.url, "webhooks/queries:listDeliveries", {
      orgId,
      endpointId,
    });
  await until("it was tried", 60_000, async () => (await deliveries())[0]?.lastError !== undefined);
  expect((await deliveries())[0]?.lastError).toContain("not public");
});
