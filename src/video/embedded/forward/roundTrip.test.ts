import { expect, test } from "vitest";
import { RoundTrip } from "./roundTrip.ts";

test("packets wait as much longer as their way takes longer than the shortest", () => {
  const trip = new RoundTrip();
  expect(trip.waitingMs).toBe(0);
  trip.sent(1, 1000);
  trip.echoed(1, 500, 1540);
  expect(trip.waitingMs).toBe(0);
  trip.sent(2, 2000);
  trip.echoed(2, 100, 2540);
  expect(trip.waitingMs).toBe(400);
  trip.sent(3, 3000);
  trip.echoed(3, 0, 3020);
  expect(trip.waitingMs).toBe(0);
});

test("a report that was not sent, or long ago, says nothing", () => {
  const trip = new RoundTrip();
  for (let id = 1; id <= 9; id++) trip.sent(id, id);
  for (const id of [0, 1, 77]) trip.echoed(id, 0, 5000);
  expect(trip.waitingMs).toBe(0);
});
