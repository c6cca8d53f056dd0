import { screen } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { ApiError } from "../api/apiError.ts";
import { fakeApi } from "../testing/fakeApi.ts";
import { renderPage } from "../testing/renderPage.tsx";
import { InvitePage } from "./InvitePage.tsx";

const accept = "meetings/invites:acceptInvite";
const goIn = () => userEvent.click(screen.getByRole("button", { name: "Accept and go in" }));

it("takes the invite under one's name and goes to the lobby", async () => {
  const taken = vi.fn(() => ({ meetingId: "meeting_1", participantId: "p", role: "participant" }));
  const { history } = renderPage(
    <InvitePage secret="abc" />,
    fakeApi({ [accept]: taken }),
    "/invite/abc",
  );
  expect(screen.getByText("Ada")).toBeTruthy();
  await goIn();
  expect(taken).toHaveBeenCalledWith({ secret: "abc" });
  // The link is used up by then: going back must not lead to it again.
  expect(history).toEqual(["/meet/meeting_1"]);
});

it.each([
  ["that is not valid any more", new ApiError("NOT_FOUND", "", 404), /lets nobody in any more/],
  [
    "to a meeting that is over",
    new ApiError("VALIDATION_ERROR", "", 400, { reason: "meeting_concluded" }),
    /has ended/,
  ],
  [
    "to a full meeting",
    new ApiError("VALIDATION_ERROR", "", 400, { reason: "meeting_full", limit: 2 }),
    /takes 2 people/,
  ],
])("a link %s says so", async (_, refusal, words) => {
  renderPage(<InvitePage secret="abc" />, fakeApi({ [accept]: () => Promise.reject(refusal) }));
  await goIn();
  expect((await screen.findByRole("alert")).textContent).toMatch(words);
});

it("somebody else signs out first", async () => {
  const { store } = renderPage(<InvitePage secret="abc" />, fakeApi({}));
  await userEvent.click(screen.getByRole("button", { name: "I am somebody else" }));
  expect(store.current).toBeUndefined();
});
