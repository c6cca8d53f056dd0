import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { ApiError } from "../api/apiError.ts";
import { fakeApi } from "../testing/fakeApi.ts";
import { renderPage } from "../testing/renderPage.tsx";
import { SearchPage } from "./SearchPage.tsx";

const hit = {
  ...{ meetingId: "meeting_1", meetingTitle: "Budget", lineId: "line_1", startMs: Date.now() },
  ...{ excerpt: "We ship on Friday.", match: "words", speakerName: "Ben" },
  ...{ recordingId: "recording_1", seconds: 83 },
  url: "https://meet.example/watch/recording_1#t=83",
};
const unrecorded = {
  ...{ meetingId: "meeting_2", meetingTitle: "Plans", lineId: "line_2", startMs: 0, score: 0.5 },
  ...{ excerpt: "The release is due then.", match: "meaning" },
  url: "https://meet.example/meetings/meeting_2",
};

function show(search: (args: { query: string }) => unknown, path = "/search") {
  return renderPage(
    <SearchPage />,
    fakeApi({ "transcripts/search:searchTranscripts": search }),
    path,
  );
}
const field = () => screen.getByLabelText("Words, or what it was about");

it("asks nothing until something is looked for", () => {
  const search = vi.fn();
  show(search);
  expect(search).not.toHaveBeenCalled();
});

it("shows who said it and when, and leads to that second, or to the meeting", async () => {
  const search = vi.fn((_: { query: string }) => ({ hits: [hit, unrecorded], meaning: "used" }));
  const { history } = show(search);
  await userEvent.type(field(), " ship it {Enter}");
  const link = await screen.findByRole("link", { name: "We ship on Friday." });
  expect(link.getAttribute("href")).toBe("/watch/recording_1#t=83");
  expect(screen.getByText(/^Ben, today.*in Budget$/)).toBeDefined();
  const other = screen.getByRole("link", { name: "The release is due then." });
  expect(other.getAttribute("href")).toBe("/meetings/meeting_2");
  expect(screen.getByText(/^Somebody,.*in Plans \(not recorded\)$/)).toBeDefined();
  expect(screen.getByText("Found 2 times.").getAttribute("role")).toBe("status");
  expect(search.mock.calls).toEqual([[{ query: "ship it" }]]);
  expect(history?.at(-1)).toBe("/search?q=ship%20it");
});

it("looks for what stands in the address, and again when it is asked again", async () => {
  const search = vi.fn((_: { query: string }) => ({ hits: [], meaning: "used" }));
  show(search, "/search?q=budget%20%26%20more");
  expect(await screen.findByText("Nothing like that was said in your meetings.")).toBeDefined();
  expect((field() as HTMLInputElement).value).toBe("budget & more");
  await userEvent.click(screen.getByRole("button", { name: "Search" }));
  expect(search.mock.calls).toEqual([[{ query: "budget & more" }], [{ query: "budget & more" }]]);
});

it("says when only the very words were looked for", async () => {
  show(() => ({ hits: [hit], meaning: "unavailable" }), "/search?q=ship");
  expect(await screen.findByText(/Only the very words were looked for/)).toBeDefined();
  expect(screen.getByText("Found once.")).toBeDefined();
});

it("says why there is no answer, and keeps what was typed", async () => {
  const refusal = new ApiError("RATE_LIMIT_EXCEEDED", "", 429);
  show(() => Promise.reject(refusal), "/search?q=ship");
  expect(await screen.findByRole("alert")).toBeDefined();
  expect((field() as HTMLInputElement).value).toBe("ship");
});

it("shows nothing of an earlier search that is answered late", async () => {
  const answers = new Map<string, (found: object) => void>();
  show(({ query }) => new Promise((resolve) => answers.set(query, resolve)), "/search?q=first");
  await userEvent.clear(field());
  await userEvent.type(field(), "second{Enter}");
  await vi.waitFor(() => expect(answers.has("second")).toBe(true));
  answers.get("second")?.({ hits: [unrecorded], meaning: "used" });
  expect(await screen.findByText("The release is due then.")).toBeDefined();
  answers.get("first")?.({ hits: [hit], meaning: "used" });
  await Promise.resolve();
  expect(screen.queryByText("We ship on Friday.")).toBeNull();
});
