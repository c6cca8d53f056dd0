import { afterEach, expect, it } from "vitest";
import { takeKeptNotes } from "./keptNotes.ts";
import type { SavedNotes } from "./noteSync.ts";

afterEach(() => localStorage.clear());

const saved: SavedNotes = {
  clientId: "client",
  base: { content: "", sequence: 0, version: 0 },
  sent: [],
  text: "Plan",
};

// jsdom has no locks, as pages have none that are not secure.
it("what a closed editor still sends is handed to no other one before it has let go", async () => {
  const first = await takeKeptNotes("user_ada", "meeting_1");
  first.save(saved);
  const second = await takeKeptNotes("user_ada", "meeting_1");
  expect(second.saved).toBeUndefined();
  second.release();
  first.release();
  const third = await takeKeptNotes("user_ada", "meeting_1");
  expect(third.saved).toEqual(saved);
  third.release();
});
