import { act, screen, waitFor, within } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { ApiError } from "../api/apiError.ts";
import { fakeApi } from "../testing/fakeApi.ts";
import { renderPage } from "../testing/renderPage.tsx";
import { meetingOf } from "../testing/samples.ts";
import { MeetingsPage } from "./MeetingsPage.tsx";

const list = "meetings/queries:listUserMeetings";

it("shows what runs, what is to come (the soonest first) and what is past", async () => {
  const api = fakeApi({
    [list]: () => [
      meetingOf({ _id: "m1", title: "Later", state: "scheduled", scheduledAt: Date.now() + 9e7 }),
      meetingOf({ _id: "m2", title: "Soon", state: "scheduled", scheduledAt: Date.now() + 9e6 }),
      meetingOf({ _id: "m3", title: "Old", state: "concluded" }),
      meetingOf({
        _id: "m4",
        title: "Now",
        recording: { recordingId: "r", state: "recording", startedAt: 0, startedBy: "u" },
      }),
    ],
  });
  renderPage(<MeetingsPage />, api);
  const running = within(await screen.findByRole("region", { name: "Running now" }));
  expect(running.getByRole("link", { name: /^Join ?Now$/ }).getAttribute("href")).toBe("/meet/m4");
  expect(running.getByText("Being recorded")).toBeTruthy();
  const toCome = within(screen.getByRole("region", { name: "To come" }));
  expect(toCome.getAllByRole("heading", { level: 3 }).map((title) => title.textContent)).toEqual([
    "Soon",
    "Later",
  ]);
  expect(within(screen.getByRole("region", { name: "Past" })).queryByRole("button")).toBeNull();
});

it("shows what changes", async () => {
  const meetings = [meetingOf({ title: "First" })];
  const api = fakeApi({ [list]: () => [...meetings] });
  renderPage(<MeetingsPage />, api);
  await screen.findByRole("heading", { name: "First" });
  meetings.push(meetingOf({ _id: "meeting_2", title: "Second" }));
  act(() => api.changed());
  expect(screen.getByRole("heading", { name: "Second" })).toBeTruthy();
});

it("a refusal keeps what was shown, and says why there is nothing newer", async () => {
  let refused = false;
  const api = fakeApi({
    [list]: () => {
      if (refused) throw new ApiError("FORBIDDEN", "", 403);
      return [meetingOf({ title: "Kept" })];
    },
  });
  renderPage(<MeetingsPage />, api);
  await screen.findByRole("heading", { name: "Kept" });
  refused = true;
  act(() => api.changed());
  expect(screen.getByRole("alert").textContent).toMatch(/You may not do this/);
  expect(screen.getByRole("heading", { name: "Kept" })).toBeTruthy();
});

it("without meetings says how to come by one", async () => {
  renderPage(<MeetingsPage />, fakeApi({ [list]: () => [] }));
  expect(await screen.findByText(/invite others by a link/)).toBeTruthy();
});

it("says that the server is away, keeps what it showed, and says that it is back", async () => {
  const api = fakeApi({ [list]: () => [meetingOf({ title: "Kept" })] });
  renderPage(<MeetingsPage />, api);
  await screen.findByRole("heading", { name: "Kept" });
  act(() => api.setAway(true));
  expect(await screen.findByText(/cannot be reached/)).toBeTruthy();
  expect(screen.getByRole("heading", { name: "Kept" })).toBeTruthy();
  act(() => api.setAway(false));
  expect(await screen.findByText("The server is back")).toBeTruthy();
  expect(screen.queryByText(/cannot be reached/)).toBeNull();
});

it("creates and starts a meeting, and goes there", async () => {
  const create = vi.fn(() => ({ meetingId: "meeting_9" }));
  const start = vi.fn();
  const api = fakeApi({
    [list]: () => [],
    "meetings/lifecycle:createMeeting": create,
    "meetings/lifecycle:startMeeting": start,
  });
  const { history } = renderPage(<MeetingsPage />, api);
  await userEvent.click(await screen.findByRole("button", { name: "New meeting" }));
  await userEvent.type(await screen.findByLabelText("Title"), "Retro");
  await userEvent.selectOptions(screen.getByLabelText("People at most"), "4");
  await userEvent.click(screen.getByRole("button", { name: "Start meeting" }));
  await waitFor(() => expect(history.at(-1)).toBe("/meet/meeting_9"));
  expect(create).toHaveBeenCalledWith({ title: "Retro", maxParticipants: 4 });
  expect(start).toHaveBeenCalledWith({ meetingId: "meeting_9" });
});

it("a refused title is said at the title, and the rest of the form stays", async () => {
  const refusal = new ApiError("VALIDATION_ERROR", "The title must not be empty", 400, {
    field: "title",
  });
  const api = fakeApi({
    [list]: () => [],
    "meetings/lifecycle:createMeeting": () => Promise.reject(refusal),
  });
  renderPage(<MeetingsPage />, api);
  await userEvent.click(await screen.findByRole("button", { name: "New meeting" }));
  await userEvent.selectOptions(await screen.findByLabelText("People at most"), "4");
  await userEvent.click(screen.getByRole("button", { name: "Start meeting" }));
  expect((await screen.findByRole("alert")).textContent).toBe("The title must not be empty.");
  expect(screen.getByLabelText("Title").getAttribute("aria-invalid")).toBe("true");
  expect(screen.getByLabelText<HTMLSelectElement>("People at most").value).toBe("4");
});
