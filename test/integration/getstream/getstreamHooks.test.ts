import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import {
  type GetStreamStandIn,
  startGetStreamStandIn,
} from "../../../src/synth/getstream/server.ts";
import { StreamApi } from "../../../src/video/getstream/api.ts";
import { setUpHook } from "../../../src/video/getstream/hooks.ts";

const url = "https://meet.example/webhooks/getstream";
let standIn: GetStreamStandIn;
let api: StreamApi;
beforeEach(async () => {
  standIn = await startGetStreamStandIn();
  const { apiKey, apiSecret } = standIn;
  api = new StreamApi({ apiKey, apiSecret, baseUrl: standIn.url, clock: systemClock });
});
afterEach(() => standIn.close());

const other = {
  ...{ id: "other", enabled: true, hook_type: "webhook", product: "chat" },
  ...{ webhook_url: "https://chat.example/hook", event_types: ["message.new"] },
};
const ours = { enabled: true, hook_type: "webhook", product: "video", webhook_url: url };

test("our hook is added beside the others, once", async () => {
  standIn.calls.hooks = [other];
  expect(await setUpHook(api, url, { check: true })).toBe("missing");
  expect(await setUpHook(api, url)).toBe("added");
  expect(standIn.calls.hooks).toMatchObject([other, { ...ours, event_types: [] }]);
  expect(await setUpHook(api, url)).toBe("present");
  expect(await setUpHook(api, url, { check: true })).toBe("present");
  expect(standIn.operations().filter((name) => name === "UpdateApp")).toHaveLength(1);
});

test.each([
  ["off", { enabled: false }],
  ["for some events only", { event_types: ["call.ended"] }],
  ["of another product", { product: "chat" }],
])("one that is %s is mended, and keeps its id", async (_, change) => {
  standIn.calls.hooks = [{ id: "mine", ...ours, event_types: [], ...change }, other];
  expect(await setUpHook(api, url, { check: true })).toBe("wrong");
  expect(await setUpHook(api, url)).toBe("changed");
  expect(standIn.calls.hooks).toHaveLength(2);
  expect(standIn.calls.hooks).toContainEqual({ id: "mine", ...ours, event_types: [] });
  expect(standIn.calls.hooks).toContainEqual(other);
});

test("nothing is written where another hook could lose its credentials", async () => {
  standIn.calls.hooks = [{ id: "queue", hook_type: "sqs", sqs_secret: "***" }];
  expect(await setUpHook(api, url)).toBe("by_hand");
  expect(standIn.operations()).not.toContain("UpdateApp");
});

test("a wrong secret is told as such", async () => {
  const { apiKey } = standIn;
  const wrong = new StreamApi({
    ...{ apiKey, apiSecret: "wrong", baseUrl: standIn.url, clock: systemClock },
  });
  await expect(setUpHook(wrong, url)).rejects.toMatchObject({ name: "AppError" });
});
