import { act, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { ApiError } from "../api/apiError.ts";
import { fakeApi } from "../testing/fakeApi.ts";
import { renderPage } from "../testing/renderPage.tsx";
import { MatchPage } from "./MatchPage.tsx";

const soon = Date.now() + 600_000;
const waiting = {
  ...{ _id: "entry_1", _creationTime: 1, userId: "user_1", createdAt: 1, updatedAt: 1 },
  ...{ availableFrom: Date.now(), availableTo: soon, status: "waiting" },
  constraints: { interests: ["law"], roles: ["peer"] },
  ...{ queuePosition: 2, potentialMatches: 1, estimatedWaitTime: 120_000 },
};
const match = {
  ...{ matchId: "match_1", meetingId: "meeting_1", meetingState: "scheduled", state: "proposed" },
  ...{ reasons: ["Both speak German"], startsAt: soon, endsAt: soon, answerBy: soon },
  ...{ hasAccepted: false },
  partner: { userId: "user_2", displayName: "Ben", hasAccepted: false },
};

function show(handlers: Parameters<typeof fakeApi>[0]) {
  const api = fakeApi({
    "matching/queue:getQueueStatus": () => null,
    "matching/queue:getCurrentMatch": () => null,
    "interests/queries:listCatalog": () => [
      { key: "law", label: "Law", category: "academic", usageCount: 1 },
    ],
    "interests/queries:getCurrentUserInterests": () => [],
    "users/queries:getCurrentUser": () => ({ orgId: "org_1" }),
    ...handlers,
  });
  renderPage(<MatchPage />, api);
  return api;
}
const press = async (name: string) => userEvent.click(await screen.findByRole("button", { name }));

it("asks when one is free and what for, and lets one wait", async () => {
  const enter = vi.fn((_: object) => "entry_1");
  show({ "matching/queue:enterMatchingQueue": enter });
  await press("Find somebody");
  expect((await screen.findByText("Choose at least one.")).getAttribute("role")).toBe("alert");
  await userEvent.click(screen.getByLabelText("Law"));
  await userEvent.click(screen.getByLabelText("People of my organisation only"));
  await userEvent.selectOptions(
    screen.getByLabelText("How you want to talk"),
    "I can help somebody",
  );
  await press("Find somebody");
  expect(enter).toHaveBeenCalledWith({
    ...{ availableFrom: expect.any(Number), availableTo: expect.any(Number) },
    constraints: { interests: ["law"], roles: ["mentor"], orgConstraints: "same" },
  });
});

it("says why somebody cannot wait", async () => {
  const refusal = new ApiError("VALIDATION_ERROR", "You have been matched", 400);
  show({ "matching/queue:enterMatchingQueue": () => Promise.reject(refusal) });
  await userEvent.click(await screen.findByLabelText("Law"));
  await press("Find somebody");
  await screen.findByText(/You have been matched/);
});

it("tells who waits their place, and lets them leave", async () => {
  const leave = vi.fn((_: object) => null);
  show({
    "matching/queue:getQueueStatus": () => waiting,
    "matching/queue:cancelQueueEntry": leave,
  });
  await screen.findByText("You have place 2 in the queue.");
  screen.getByText("One other person is waiting for the same time.");
  screen.getByText("Others have waited about 2 min lately.");
  await press("Stop waiting");
  expect(leave).toHaveBeenCalledWith({ queueId: "entry_1" });
});

it("offers a match, takes the answer, and goes on with what the other says", async () => {
  let now: object | null = match;
  let status: object = { ...waiting, status: "matched" };
  const say = vi.fn((_: object) => null);
  const api = show({
    "matching/queue:getQueueStatus": () => status,
    "matching/queue:getCurrentMatch": () => now,
    "matching/analytics:submitMatchFeedback": say,
  });
  await screen.findByRole("heading", { name: "Ben" });
  screen.getByText("Both speak German");
  await press("Accept");
  expect(say).toHaveBeenCalledWith({ matchId: "match_1", outcome: "accepted" });
  now = { ...match, hasAccepted: true };
  act(() => api.changed());
  await screen.findByText(/You have said yes\. Ben has until/);
  expect(screen.queryByRole("button", { name: "Accept" })).toBeNull();
  now = { ...match, hasAccepted: true, state: "accepted" };
  act(() => api.changed());
  await screen.findByRole("button", { name: "Start the meeting" });
  now = { ...match, state: "accepted", meetingState: "active" };
  act(() => api.changed());
  const join = await screen.findByRole("link", { name: "Join the meeting" });
  expect(join.getAttribute("href")).toBe("/meet/meeting_1");
  [now, status] = [null, waiting];
  act(() => api.changed());
  await screen.findByText(/You have your old place in the queue again/);
});

it("says that nobody was found in time", async () => {
  show({ "matching/queue:getQueueStatus": () => ({ ...waiting, status: "expired" }) });
  await screen.findByText(/Nobody was found in time/);
  await screen.findByRole("button", { name: "Find somebody" });
});
