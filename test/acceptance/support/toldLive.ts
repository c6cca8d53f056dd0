import { ConvexClient } from "convex/browser";
import { makeFunctionReference } from "convex/server";
import { createMeeting } from "./meetings.ts";
import type { Person } from "./person.ts";
import { until } from "./until.ts";

const listMeetings = makeFunctionReference<"query", Record<string, never>, { title: string }[]>(
  "meetings/queries:listUserMeetings",
);

/** Waits until an unmodified live client at that address is told of a change. */
export async function isToldLive(url: string, person: Person): Promise<void> {
  const client = new ConvexClient(url, { skipConvexDeploymentUrlCheck: true });
  try {
    client.setAuth(async () => person.token);
    const seen: string[][] = [];
    client.onUpdate(listMeetings, {}, (all) => seen.push(all.map(({ title }) => title)));
    await until("the list is there", 60_000, () => seen.length > 0);
    await createMeeting(person, { title: "Told live" });
    await until("the change is told", 60_000, () => Boolean(seen.at(-1)?.includes("Told live")));
  } finally {
    await client.close();
  }
}
