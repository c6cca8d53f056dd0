import { expect, test } from "vitest";
import { RoundTrip } from "./roundTrip.ts";

test("packets wait as much longer as their way takes longer than the shortest", () => {
  const trip = new RoundTrip();
  expect(trip.waitingMs(0)).toBe(0);
  trip.sent(1, 1000);
  trip.echoed(1, 500, 1540);
  expect(trip.waitingMs(1540)).toBe(0);
  trip.sent(2, 2000);
  trip.echoed(2, 100, 2540);
  expect(trip.waitingMs(2540)).toBe(400);
  trip.sent(3, 3000);
  trip.echoed(3, 0, 3020);
  expect(trip.waitingMs(3020)).toBe(0);
});

test("a report that does not arrive waits as long as it is under way", () => {
  const trip = new RoundTrip();
  trip.sent(1, 1000);
  trip.echoed(1, 0, 1020);
  trip.sent(2, 2000);
  trip.echoed(1, 1970, 2990);
  expect(trip.waitingMs(2990)).toBe(970);
  trip.sent(3, 3000);
  trip.echoed(1, 2980, 4000);
  expect(trip.waitingMs(4000)).toBe(1980);
  trip.echoed(2, 0, 4500);
  expect(trip.waitingMs(4500)).toBe(2480);
  trip.echoed(3, 0, 4700);
  expect(trip.waitingMs(4700)).toBe(1680);
});

test("a report that was not sent, or long ago, says nothing", () => {
  const trip = new RoundTrip();
  for (let id = 1; id <= 65; id++) trip.sent(id, id);
  for (const id of [0, 1, 77]) trip.echoed(id, 0, 5000);
  expect(trip.waitingMs(5000)).toBe(0);
});

test("a queue from before a pause is not one of afterwards", () => {
  const trip = new RoundTrip();
  trip.sent(1, 0);
  trip.echoed(1, 0, 20);
  trip.sent(2, 1000);
  trip.echoed(2, 0, 6000);
  trip.sent(3, 6000);
  trip.restart();
  expect(trip.waitingMs(6000)).toBe(0);
  trip.echoed(3, 0, 12_000);
  expect(trip.waitingMs(12_000)).toBe(0);
  trip.sent(4, 12_000);
  trip.echoed(4, 0, 12_050);
  expect(trip.waitingMs(12_050)).toBe(30);
});

test("what was measured long ago says nothing", () => {
  const trip = new RoundTrip();
  trip.sent(1, 0);
  trip.echoed(1, 0, 20);
  trip.sent(2, 1000);
  trip.echoed(2, 0, 3020);
  expect(trip.waitingMs(18_020)).toBe(2000);
  expect(trip.waitingMs(18_021)).toBe(0);
  // Told again, it is still of then.
  trip.echoed(2, 16_000, 19_020);
  expect(trip.waitingMs(19_020)).toBe(0);
});
