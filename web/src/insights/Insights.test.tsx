import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import type { PlaybackElement } from "../player/playbackElement.ts";
import { fakeApi } from "../testing/fakeApi.ts";
import { renderPage } from "../testing/renderPage.tsx";
import { Insights, type InsightsProps } from "./Insights.tsx";

const insight = {
  ...{ _id: "insight_1", createdAt: 0, meetingDate: 0, meetingTitle: "Planning" },
  summary: "The release moves to Friday.\nTaken from the transcript, without AI.",
  actionItems: ["Ada: fix the login (by Thursday)", "Bob: write to the customers"],
  links: [
    {
      ...{ type: "transcript", title: "At 01:30 of the recording" },
      url: "http://elsewhere.test/watch/recording_1#t=90",
    },
    { type: "notes", title: "In the notes", url: "http://elsewhere.test/meetings/meeting_1" },
  ],
  recommendations: [{ type: "connection", content: "You and Bob both like chess.", confidence: 1 }],
};

function show(change: Partial<InsightsProps> = {}, told: typeof insight | null = insight) {
  let value = told;
  const answered = vi.fn((_args: unknown) => null);
  const made = vi.fn((_args: unknown) => {
    return { success: true, insightsGenerated: 0, participantInsights: [] as string[] };
  });
  const api = fakeApi({
    "insights/queries:getMeetingInsights": () => value,
    "insights/mutations:updateInsightsFeedback": answered,
    "insights/mutations:deleteInsights": () => {
      value = null;
      return null;
    },
    "insights/generation:generateInsights": made,
  });
  renderPage(<Insights meetingId="meeting_1" isHost={false} {...change} />, api);
  return { answered, made };
}

it("tells what there is to do, each with a way to where it was said", async () => {
  show();
  await screen.findByText(/The release moves to Friday/);
  const [todo, others] = screen.getAllByRole("list");
  const [first, second] = within(todo as HTMLElement).getAllByRole("listitem");
  expect(first?.textContent).toContain("Ada: fix the login (by Thursday)");
  const hrefs = screen.getAllByRole("link").map((link) => link.getAttribute("href"));
  expect(hrefs).toEqual(["/watch/recording_1#t=90", "/meetings/meeting_1"]);
  expect(second?.textContent).toContain("Bob: write to the customers In the notes");
  expect(others?.textContent).toBe("You and Bob both like chess.");
});

it("moves what plays on the same page", async () => {
  const player = { currentTime: 0 } as PlaybackElement;
  show({ playing: { recordingId: "recording_1", player } });
  await userEvent.click(await screen.findByRole("button", { name: "At 01:30 of the recording" }));
  expect(player.currentTime).toBe(90);
});

it("takes what somebody thinks of them", async () => {
  const { answered } = show();
  await userEvent.click(await screen.findByRole("button", { name: "No" }));
  expect(answered).toHaveBeenCalledWith({ insightId: "insight_1", feedback: { useful: false } });
  await screen.findByText("Thank you");
  expect(screen.getByRole("button", { name: "No", pressed: true })).toBeTruthy();
});

it("asks before they are deleted, and says then that there are none", async () => {
  show();
  await userEvent.click(await screen.findByRole("button", { name: "Delete" }));
  const dialog = screen.getByRole("dialog", { hidden: true });
  await userEvent.click(within(dialog).getByRole("button", { name: "Delete", hidden: true }));
  await screen.findByText(/There are none/);
});

it("are made again by hosts only, and where there is nothing that is said", async () => {
  const { made } = show({ isHost: true }, null);
  await userEvent.click(await screen.findByRole("button", { name: "Make them now" }));
  expect(made).toHaveBeenCalledWith({ meetingId: "meeting_1", forceRegenerate: false });
  await screen.findByText(/Nothing was said or noted in this meeting/);
});

it("are not made by others", async () => {
  show();
  await screen.findByText(/The release/);
  expect(screen.queryByRole("button", { name: /Make them/ })).toBeNull();
});
