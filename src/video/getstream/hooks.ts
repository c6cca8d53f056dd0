import type { EventHook } from "@stream-io/node-sdk";
import type { StreamApi } from "./api.ts";

/** What was done to have Stream's events delivered. */
export type HookOutcome = "present" | "added" | "changed" | "missing" | "wrong" | "by_hand";

/** Kinds of hooks whose own credentials Stream may not show: they would be lost when written back. */
const secretKinds = new Set(["sqs", "sns"]);

/** Our hook: everything of the video product, also events that Stream only thinks of later. */
function wanted(url: string): EventHook {
  return {
    enabled: true,
    hook_type: "webhook",
    product: "video",
    webhook_url: url,
    event_types: [],
  };
}

const isOurs = (hook: EventHook, url: string) =>
  hook.hook_type === "webhook" && hook.webhook_url === url;

/** Whether it delivers all that is needed. */
function isGood({ enabled, product, event_types = [] }: EventHook): boolean {
  const isOfVideo = product === undefined || product === "video" || product === "all";
  return enabled === true && isOfVideo && event_types.length === 0;
}

/**
 * Has Stream deliver its events to `url`, or with `check` only says whether it does. Stream replaces the whole list of hooks at
 * once, so all others are read and written back; where that could lose their credentials, nothing is written (`by_hand`).
 * @throws AppError of the API; Error when another hook is not there any more afterwards
 */
export async function setUpHook(
  api: StreamApi,
  url: string,
  { check = false }: { check?: boolean } = {},
): Promise<HookOutcome> {
  const before = await hooksOf(api);
  const ours = before.find((hook) => isOurs(hook, url));
  if (ours && isGood(ours)) return "present";
  if (check) return ours ? "wrong" : "missing";
  const others = before.filter((hook) => hook !== ours);
  if (others.some(({ hook_type }) => secretKinds.has(hook_type ?? ""))) return "by_hand";
  const event_hooks = [...others.map(writable), { ...(ours && writable(ours)), ...wanted(url) }];
  await api.request({ operation: "setUpHook", changes: true }, (client) =>
    client.updateApp({ event_hooks }),
  );
  const after = await hooksOf(api);
  const lost = others.filter(({ id }) => !after.some((hook) => hook.id === id));
  if (lost.length > 0)
    throw new Error(`Stream has dropped other hooks: ${lost.map(({ id }) => id).join(", ")}`);
  return ours ? "changed" : "added";
}

async function hooksOf(api: StreamApi): Promise<EventHook[]> {
  const { app } = await api.request({ operation: "setUpHook" }, (client) => client.getApp());
  return app.event_hooks ?? [];
}

/** What Stream keeps itself is not sent back. */
function writable({ created_at: _, updated_at: __, ...hook }: EventHook): EventHook {
  return hook;
}
