import { expect, it } from "vitest";
import { deliveryOf, endpointOf } from "../testing/samples.ts";
import {
  type Delivery,
  deliveryWords,
  type Fate,
  fateOf,
  offWords,
  toldWords,
} from "./webhooks.ts";

const at = (minutes: number) => new Date(2026, 10, 25, 14, minutes).getTime();
const now = at(30);

it("an endpoint without types is told of everything", () => {
  expect(toldWords({ eventTypes: [] })).toBe("Everything");
  expect(toldWords({ eventTypes: ["recording.ready", "recording.failed"] })).toBe(
    "recording.ready, recording.failed",
  );
});

it("one that is off says why", () => {
  expect(offWords(endpointOf())).toBeUndefined();
  const off = { enabled: false };
  expect(offWords(endpointOf({ ...off, disabledReason: "admin" }))).toMatch(/administrator/);
  expect(offWords(endpointOf({ ...off, disabledReason: "gone" }))).toMatch(/410 Gone/);
});

const failed = { state: "pending", lastStatus: 500, lastError: "answered with 500" } as const;

it.each<[Partial<Delivery>, boolean, Fate]>([
  [{ state: "delivered" }, true, "delivered"],
  [{ state: "dead" }, false, "dead"],
  [{ state: "pending", attempts: 0 }, true, "sending"],
  [{ state: "pending", attempts: 0 }, false, "waiting"],
  [failed, true, "failing"],
  [failed, false, "waiting"],
  // Given up before, and sent again.
  [{ ...failed, attempts: 0 }, true, "sending"],
])("a delivery that is %j, its endpoint on: %s, is %s", (delivery, enabled, fate) => {
  expect(fateOf(deliveryOf(delivery), enabled)).toBe(fate);
});

const untried: Delivery = {
  ...{ eventId: "webhook_1", type: "meeting.ended", sequence: 1, createdAt: at(10) },
  ...{ state: "pending", attempts: 0, nextAttemptAt: at(10) },
};
const tried = { ...untried, lastAttemptAt: at(20) };

it.each<[string, Delivery, RegExp]>([
  [
    "delivered",
    { ...tried, state: "delivered", attempts: 1, lastStatus: 204 },
    /^1 attempt, today, \S+ · answered with 204$/,
  ],
  [
    "tried again",
    { ...tried, ...failed, attempts: 3, nextAttemptAt: at(50) },
    /^3 attempts, the last today, \S+ · answered with 500 · next try today, \S+$/,
  ],
  [
    "not reached",
    { ...tried, state: "dead", attempts: 10, lastError: "no answer within 15000 ms" },
    /^10 attempts, the last today, \S+ · no answer within 15000 ms$/,
  ],
  ["being tried", { ...tried, ...failed, attempts: 1 }, /answered with 500$/],
  ["not tried", untried, /^$/],
])("one that is %s says attempts, answer and next try", (_, delivery, words) => {
  expect(deliveryWords(delivery, true, now).replaceAll(/\s(?=[AP]M)/g, "")).toMatch(words);
});

it("while the endpoint is off there is no next try", () => {
  const delivery = deliveryOf({ ...failed, nextAttemptAt: at(50) });
  expect(deliveryWords(delivery, false, now)).not.toMatch(/next try/);
});
