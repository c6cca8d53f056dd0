import { act, screen, waitFor } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { ApiError } from "../api/apiError.ts";
import { fakeApi } from "../testing/fakeApi.ts";
import { renderPage } from "../testing/renderPage.tsx";
import { InviteLinks } from "./InviteLinks.tsx";

const link = {
  ...{ inviteId: "invite_1", role: "participant", uses: 3, maxUses: 10, createdByName: "Ada" },
  ...{ createdAt: Date.now() - 60_000, expiresAt: Date.now() + 60_000 },
} as const;

it("tells the links that work, and withdraws one", async () => {
  const revoked: string[] = [];
  const links = [link, { ...link, inviteId: "invite_2", uses: 0 }];
  const api = fakeApi({
    "meetings/invites:listInvites": () =>
      links.filter(({ inviteId }) => !revoked.includes(inviteId)),
    "meetings/invites:revokeInvite": ({ inviteId }: { inviteId: string }) => {
      revoked.push(inviteId);
      return null;
    },
  });
  renderPage(<InviteLinks meetingId="meeting_1" />, api);
  await screen.findByText(/^For 10 people, 3 have come, until .+; made by Ada$/);
  const [first] = screen.getAllByRole("button", { name: /^Withdraw/ });
  if (first) await userEvent.click(first);
  expect(revoked).toEqual(["invite_1"]);
  await waitFor(() => expect(screen.getAllByRole("listitem")).toHaveLength(1));
  expect(screen.getByText(/nobody has come yet/)).toBeTruthy();
});

it("without any shows nothing, and refusals in words", async () => {
  const listInvites = vi.fn(() => []);
  const none = fakeApi({ "meetings/invites:listInvites": listInvites });
  const { container, unmount } = renderPage(<InviteLinks meetingId="meeting_1" />, none);
  // The answer is in, and shown.
  await act(async () => undefined);
  expect(listInvites).toHaveBeenCalledOnce();
  expect(container.querySelector("section")).toBeNull();
  unmount();
  const away = fakeApi({
    "meetings/invites:listInvites": () => {
      throw new ApiError("OFFLINE", "The server cannot be reached", 0);
    },
  });
  renderPage(<InviteLinks meetingId="meeting_1" />, away);
  expect(await screen.findByRole("alert")).toBeTruthy();
});
