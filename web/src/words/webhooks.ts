import type { FunctionReturnType } from "convex/server";
import type { functions } from "../api/functions.ts";
import { momentWords } from "./time.ts";

export type Endpoint = FunctionReturnType<typeof functions.webhooks.queries.listEndpoints>[number];
export type Delivery = FunctionReturnType<typeof functions.webhooks.queries.listDeliveries>[number];
export type EventType = Endpoint["eventTypes"][number];

/** What happens at each event that an endpoint can be told of, in the order in which it happens. */
export const eventWords: Readonly<Record<EventType, string>> = {
  "meeting.started": "A meeting starts",
  "meeting.ended": "A meeting ends",
  "recording.started": "A recording starts",
  "recording.paused": "A recording is paused",
  "recording.resumed": "A recording goes on",
  "recording.stopped": "A recording is stopped, and its file is being made",
  "recording.ready": "The file of a recording is ready",
  "recording.failed": "A recording has failed: there will be no file",
  "recording.found": "A recording that had failed was found after all",
  "recording.deleted": "A recording is deleted",
};

/** What an endpoint is told of: "Everything", or the types by name. */
export function toldWords({ eventTypes }: Pick<Endpoint, "eventTypes">): string {
  return eventTypes.length === 0 ? "Everything" : eventTypes.join(", ");
}

/** Why an endpoint is off, and what that means; undefined while it is on. */
export function offWords({ enabled, disabledReason }: Endpoint): string | undefined {
  if (enabled) return undefined;
  const why =
    disabledReason === "gone"
      ? "The receiver has answered 410 Gone, which means that it wants nothing any more."
      : "An administrator has switched this endpoint off.";
  return `${why} What was on its way to it waits, and nothing new is kept for it until it is switched on.`;
}

/** How an event fares on its way to an endpoint. */
export type Fate = "delivered" | "dead" | "waiting" | "failing" | "sending";

/** @param enabled whether its endpoint is */
export function fateOf({ state, attempts, lastError }: Delivery, enabled: boolean): Fate {
  if (state !== "pending") return state;
  if (!enabled) return "waiting";
  return attempts > 0 && lastError !== undefined ? "failing" : "sending";
}

export const fateWords: Readonly<Record<Fate, string>> = {
  delivered: "Delivered",
  dead: "Given up",
  waiting: "Waits for the endpoint",
  failing: "Failed, is tried again",
  sending: "Being sent",
};

/** Attempts, the last answer and the next try: "2 attempts, the last today, 14:05 · answered with 500 · next try …". */
export function deliveryWords(delivery: Delivery, enabled: boolean, now: number): string {
  const { state, nextAttemptAt, lastStatus, lastError } = delivery;
  const answer = lastStatus === undefined ? lastError : `answered with ${lastStatus}`;
  const isDue = nextAttemptAt === undefined || nextAttemptAt <= now;
  const next =
    state === "pending" && enabled && !isDue ? `next try ${momentWords(nextAttemptAt, now)}` : "";
  return [attemptWords(delivery, now), answer, next].filter(Boolean).join(" · ");
}

function attemptWords({ attempts, lastAttemptAt }: Delivery, now: number): string {
  if (attempts === 0 || lastAttemptAt === undefined) return "";
  const last = momentWords(lastAttemptAt, now);
  return attempts === 1 ? `1 attempt, ${last}` : `${attempts} attempts, the last ${last}`;
}
