import { screen, waitFor, within } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { ApiError } from "../api/apiError.ts";
import { fakeApi } from "../testing/fakeApi.ts";
import { renderPage } from "../testing/renderPage.tsx";
import { personOf } from "../testing/samples.ts";
import { People } from "./People.tsx";

const people = [
  personOf("Ada", { role: "host", presence: "invited" }),
  personOf("Grace", { webrtcConnected: true }),
  personOf("Alan", { role: "observer", presence: "invited" }),
];
const remove = "meetings/lifecycle:removeParticipant";

function show(handlers: Parameters<typeof fakeApi>[0] = {}, canRemove = true) {
  renderPage(<People meetingId="meeting_1" {...{ people, canRemove }} />, fakeApi(handlers));
}

const removeGrace = async () => {
  await userEvent.click(screen.getByRole("button", { name: /^Remove ?Grace$/ }));
  const dialog = within(screen.getByRole("dialog", { name: "Remove Grace?" }));
  await userEvent.click(dialog.getByRole("button", { name: "Remove" }));
};

it("says who is what and who is there", () => {
  show();
  const lines = screen.getAllByRole("listitem").map((item) => item.textContent);
  expect(lines[0]).toMatch(/Ada \(you\)Host$/);
  expect(lines[1]).toMatch(/Participant · in the meeting now/);
  expect(lines[2]).toMatch(/Watches only · invited/);
});

it("a host removes others, never themselves", async () => {
  const removed = vi.fn();
  show({ [remove]: removed });
  expect(screen.getAllByRole("button")).toHaveLength(2);
  await removeGrace();
  expect(removed).toHaveBeenCalledWith({ meetingId: "meeting_1", userId: "user_grace" });
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
});

it("a refusal is said in the dialog, which stays", async () => {
  const refusal = new ApiError("INSUFFICIENT_PERMISSIONS", "", 403);
  show({ [remove]: () => Promise.reject(refusal) });
  await removeGrace();
  expect((await screen.findByRole("alert")).textContent).toMatch(/Only a host/);
  expect(screen.getByRole("dialog", { name: "Remove Grace?" })).toBeTruthy();
});

it("others remove nobody", () => {
  show({}, false);
  expect(screen.queryByRole("button")).toBeNull();
});
