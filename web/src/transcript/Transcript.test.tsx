import { act, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, it, vi } from "vitest";
import type { PlaybackElement } from "../player/playbackElement.ts";
import { fakeApi } from "../testing/fakeApi.ts";
import { renderPage } from "../testing/renderPage.tsx";
import { Transcript } from "./Transcript.tsx";

const startedAt = 1_700_000_000_000;
const recording = {
  ...{ recordingId: "recording_1", meetingId: "meeting_1", startedAt, pauses: [] },
  tracks: [
    { participantId: "user_ann", participantName: "Ann" },
    { participantId: "user_bob", participantName: "Bob" },
  ],
} as never;

afterEach(() => vi.restoreAllMocks());

const said = (sequence: number, text: string, atMs: number, speakerId = "user_ann") => ({
  ...{ _id: `line_${sequence}`, sequence, text, speakerId, confidence: 1, createdAt: 0 },
  ...{ startMs: startedAt + atMs, endMs: startedAt + atMs + 900, isInterim: false },
});

interface Circumstances {
  isHost?: boolean;
  /** Of the transcript's state. */
  status?: Record<string, unknown>;
}

/** A server that has these lines, and a player that stands still; looked at by Ada. */
function shown(
  lines: ReturnType<typeof said>[],
  { isHost = false, status = { state: "complete" } }: Circumstances = {},
) {
  const changes = {
    "transcripts/mutations:correctLine": vi.fn(({ text }: { text: string }) => ({ text })),
    "transcripts/mutations:deleteSpeakerLines": vi.fn((_args: unknown) => ({ deleted: 1 })),
    "transcripts/mutations:deleteTranscript": vi.fn((_args: unknown) => ({ deleted: 1 })),
    "transcripts/actions:transcribeRecording": vi.fn((_args: unknown) => ({})),
  };
  const told = { notUnderstood: 0, notUnderstoodMs: 0, ...status };
  const api = fakeApi({
    ...changes,
    "transcripts/queries:getTranscriptStatus": () => ({ recordings: [told] }),
    "transcripts/queries:getLineCorrections": () => ({ original: "Good mourning." }),
    "realtime/subscriptions:subscribeTranscriptStream": ({
      fromSequence,
      limit,
    }: {
      fromSequence: number;
      limit: number;
    }) => {
      const transcripts = lines.filter(({ sequence }) => sequence > fromSequence).slice(0, limit);
      const nextSequence = transcripts.at(-1)?.sequence ?? fromSequence;
      return { transcripts, nextSequence, permissions: ["read"], subscriptionValid: true };
    },
  });
  const player = Object.assign(document.createElement("div"), { currentTime: 0 });
  const element = player as unknown as PlaybackElement;
  const page = <Transcript {...{ title: "Plans", recording, isHost }} player={element} />;
  renderPage(page, api);
  const play = (seconds: number) =>
    act(() => {
      player.currentTime = seconds;
      player.dispatchEvent(new Event("timeupdate"));
    });
  return { api, lines, player, play, changes };
}

const texts = async () =>
  within(await screen.findByRole("list", { name: /What was said/ }))
    .getAllByRole("button")
    .map((line) => line.textContent);

it("shows who said what when, follows what plays, and leads to its second", async () => {
  const { player, play } = shown([
    said(1, "Good morning.", 1_000),
    said(2, "Hello.", 65_000, "user_bob"),
  ]);
  expect(await texts()).toEqual(["0:01Ann Good morning.", "1:05Bob Hello."]);
  play(70);
  expect(screen.getByRole("button", { current: true }).textContent).toContain("Hello.");
  await userEvent.click(screen.getByRole("button", { name: "Ann, at 0:01: Good morning." }));
  expect(player.currentTime).toBe(1);
});

it("shows what is said meanwhile, also beyond a page", async () => {
  const many = Array.from({ length: 450 }, (_, at) => said(at + 1, `Line ${at}`, at * 1_000));
  const { api, lines } = shown(many);
  await screen.findByText("Line 449");
  expect(await texts()).toHaveLength(450);
  lines.push(said(451, "The last word", 600_000));
  act(() => api.changed());
  await screen.findByText("The last word");
});

it("finds words, and marks them", async () => {
  shown([said(1, "The budget is tight.", 0), said(2, "Hello.", 2_000, "user_bob")]);
  await userEvent.type(await screen.findByRole("searchbox", { name: "Search in it" }), "BUDGET");
  expect(await texts()).toEqual(["0:00Ann The budget is tight."]);
  expect(screen.getByText("budget").tagName).toBe("MARK");
  screen.getByText("1 line");
  await userEvent.type(screen.getByRole("searchbox"), "x");
  await screen.findByText("Nobody said that.");
});

it("can be saved", async () => {
  const made: Blob[] = [];
  vi.stubGlobal("URL", {
    createObjectURL: (blob: Blob) => {
      made.push(blob);
      return "blob:1";
    },
    revokeObjectURL: () => undefined,
  });
  const names: string[] = [];
  vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function click(
    this: HTMLAnchorElement,
  ) {
    names.push(this.download);
  });
  shown([said(1, "Good morning.", 1_000)]);
  for (const format of ["vtt", "srt", "txt", "json"])
    await userEvent.click(await screen.findByRole("button", { name: `.${format}` }));
  expect(names).toEqual(
    ["vtt", "srt", "txt", "json"].map((format) => `Plans-transcript.${format}`),
  );
  expect(made).toHaveLength(4);
  vi.unstubAllGlobals();
});

it("says that nothing was written down", async () => {
  shown([]);
  await screen.findByText(/Nothing was written down/);
});

it.each([
  [{ state: "off" }, /A host had turned off/],
  [{ state: "unavailable", reason: "mixed_sound" }, /All voices are in one file/],
  [{ state: "complete", mixedSound: true }, /the lines have no names/],
  [{ state: "running", progress: 0.409 }, /being listened to \(40 %\)/],
  [{ state: "deleted" }, /was deleted/],
  [{ state: "failed", error: "the capture is gone" }, /the capture is gone/],
  [{ state: "complete", notUnderstood: 2, notUnderstoodMs: 65_000 }, /^2 times, for 1:05 together/],
])("says what was not written down, and why: %j", async (status, words) => {
  shown([], { status });
  await screen.findByText(words);
  expect(screen.queryByRole("button", { name: "Write it down" })).toBeNull();
});

it("hosts have a recording listened to that nobody has", async () => {
  const { changes } = shown([], { isHost: true, status: { state: "none" } });
  await userEvent.click(await screen.findByRole("button", { name: "Write it down" }));
  const asked = changes["transcripts/actions:transcribeRecording"];
  expect(asked).toHaveBeenCalledWith({ recordingId: "recording_1" });
});

it("is corrected by whoever said it, and tells what it was", async () => {
  const { changes, player } = shown([
    { ...said(1, "Good morning.", 1_000, "user_ada"), correctedAt: 1 } as never,
    said(2, "Hello.", 3_000),
  ]);
  await userEvent.click(await screen.findByRole("button", { name: "Correct lines" }));
  await userEvent.click(screen.getByRole("button", { name: /Hello/ }));
  expect(player.currentTime).toBe(3);
  await userEvent.click(screen.getByRole("button", { name: /Good morning/ }));
  await screen.findByText("Good mourning.");
  const text = screen.getByRole("textbox", { name: "What was said" });
  await userEvent.clear(text);
  await userEvent.type(text, "Good evening.");
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  const correction = { meetingId: "meeting_1", lineId: "line_1", text: "Good evening." };
  expect(changes["transcripts/mutations:correctLine"]).toHaveBeenCalledWith(correction);
  expect(screen.queryByRole("textbox", { name: "What was said" })).toBeNull();
});

it("is taken back by who said it, after a question", async () => {
  const { changes } = shown([said(1, "Good morning.", 1_000, "user_ada")]);
  expect(screen.queryByRole("button", { name: "Delete all of it" })).toBeNull();
  await userEvent.click(await screen.findByRole("button", { name: "Delete what I said" }));
  const dialog = within(screen.getByRole("dialog", { hidden: true }));
  await userEvent.click(dialog.getByRole("button", { name: "Delete what I said", hidden: true }));
  const removed = changes["transcripts/mutations:deleteSpeakerLines"];
  expect(removed).toHaveBeenCalledWith({ meetingId: "meeting_1" });
});

it("is deleted by hosts, of this recording", async () => {
  const { changes } = shown([said(1, "Good morning.", 1_000)], { isHost: true });
  expect(screen.queryByRole("button", { name: "Delete what I said" })).toBeNull();
  await userEvent.click(await screen.findByRole("button", { name: "Delete all of it" }));
  const dialog = within(screen.getByRole("dialog", { hidden: true }));
  await userEvent.click(dialog.getByRole("button", { name: "Delete all of it", hidden: true }));
  const removed = changes["transcripts/mutations:deleteTranscript"];
  expect(removed).toHaveBeenCalledWith({ meetingId: "meeting_1", recordingId: "recording_1" });
});
