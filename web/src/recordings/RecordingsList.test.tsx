import { screen, within } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { fakeApi } from "../testing/fakeApi.ts";
import { renderPage } from "../testing/renderPage.tsx";
import { detailOf, playbackOf, recordingOf } from "../testing/samples.ts";
import type { RecordingDetail } from "../words/recordings.ts";
import { RecordingsList } from "./RecordingsList.tsx";

function show(changes: Partial<RecordingDetail>, { isHost = true, more = {} } = {}) {
  const detail = detailOf(changes);
  const api = fakeApi({ "recordings/queries:getRecording": () => detail, ...more });
  const { state } = detail;
  return renderPage(<RecordingsList recordings={[recordingOf({ state })]} isHost={isHost} />, api);
}

it("one that is being made says how far it is and can be played already", async () => {
  show({ state: "processing", progress: { done: 0.426, etaMs: 75_000 } });
  expect(await screen.findByText("42 %, about 2 minutes left")).toBeTruthy();
  expect(screen.getByRole("progressbar").getAttribute("value")).toBe("0.426");
  expect(screen.getByRole("link", { name: /^Play/ }).getAttribute("href")).toBe(
    "/watch/recording_1",
  );
});

it("one without a file says why, and can be played from what was captured", async () => {
  const error = { code: "COMPOSE_FAILED", message: "The disk was full" };
  const track: RecordingDetail["tracks"][number] = {
    ...{ trackId: "track_1", participantId: "user_ada", participantName: "Ada", codec: "opus" },
    ...{ startMs: 0, endMs: 60_000, sizeBytes: 2_000_000, kind: "audio", source: "camera" },
  };
  show({ state: "failed", error, tracks: [track] });
  expect(await screen.findByText("The disk was full")).toBeTruthy();
  expect(screen.getByRole("link", { name: /^Play/ })).toBeTruthy();
});

it("each says who started it", () => {
  show({});
  expect(screen.getByText("started by Ada")).toBeTruthy();
});

it("what was captured of each person can be downloaded, from links made then", async () => {
  const getPlayback = vi.fn(() => playbackOf());
  show({}, { more: { "recordings/actions:getPlayback": getPlayback } });
  await userEvent.click(screen.getByRole("button", { name: /^Files/ }));
  const captured = (await screen.findByText("Each person's sound and pictures")).closest("details");
  expect(getPlayback).not.toHaveBeenCalled();
  if (captured !== null) captured.open = true;
  const link = await screen.findByRole("link", { name: "Ada, sound, Opus (2 MB)" });
  expect(link.getAttribute("href")).toBe("/track?link&download=1");
  expect(screen.getByRole("link", { name: "Who spoke when (WebVTT)" })).toBeTruthy();
});

it("what was captured comes back from storage when it is asked for", async () => {
  const away = { ...playbackOf(), tracks: [], capture: { state: "restoring" as const, done: 0.4 } };
  const getPlayback = vi.fn(() => (getPlayback.mock.calls.length > 1 ? playbackOf() : away));
  show({}, { more: { "recordings/actions:getPlayback": getPlayback } });
  await userEvent.click(screen.getByRole("button", { name: /^Files/ }));
  const captured = (await screen.findByText("Each person's sound and pictures")).closest("details");
  if (captured !== null) captured.open = true;
  await screen.findByText(/Being fetched from storage, 40 % so far/);
  const link = await screen.findByRole("link", { name: /^Ada, sound/ }, { timeout: 20_000 });
  expect(link).toBeTruthy();
  expect(getPlayback).toHaveBeenCalledWith({ recordingId: "recording_1", restore: true });
});

it("one that failed says why, and can be deleted only", async () => {
  show({ state: "failed", error: { code: "NO_MEDIA", message: "Nobody was there" } });
  expect(await screen.findByText("Nobody was there")).toBeTruthy();
  expect(screen.queryByRole("link", { name: /^Play/ })).toBeNull();
  expect(screen.getByRole("button", { name: /^Delete recording/ })).toBeTruthy();
});

it("one that runs cannot be played yet", () => {
  show({ state: "recording" });
  expect(screen.getByText("Recording now")).toBeTruthy();
  expect(screen.queryByRole("link")).toBeNull();
});

it("a host has another version made", async () => {
  const compose = vi.fn();
  show({}, { more: { "recordings/actions:composeRecording": compose } });
  await userEvent.click(screen.getByRole("button", { name: /^Files/ }));
  await userEvent.selectOptions(await screen.findByLabelText("Another version"), "Sound only");
  await userEvent.click(screen.getByRole("button", { name: "Make it" }));
  expect(compose).toHaveBeenCalledWith({ recordingId: "recording_1", audioOnly: true });
});

it("others download only", async () => {
  const createDownloadLink = vi.fn(() => ({ url: "#file", expiresAt: 0 }));
  show(
    {},
    { isHost: false, more: { "recordings/actions:createDownloadLink": createDownloadLink } },
  );
  await userEvent.click(screen.getByRole("button", { name: /^Files/ }));
  await userEvent.click(await screen.findByRole("button", { name: /^Download/ }));
  expect(createDownloadLink).toHaveBeenCalledWith({
    recordingId: "recording_1",
    renditionId: "rendition_1",
  });
  expect(screen.queryByLabelText("Another version")).toBeNull();
  expect(screen.queryByRole("button", { name: /^Delete/ })).toBeNull();
});

it("is deleted only after it was said again", async () => {
  const remove = vi.fn();
  show({}, { more: { "recordings/mutations:deleteRecording": remove } });
  await userEvent.click(screen.getByRole("button", { name: /^Files/ }));
  await userEvent.click(await screen.findByRole("button", { name: /^Delete recording/ }));
  expect(remove).not.toHaveBeenCalled();
  const dialog = within(screen.getByRole("dialog", { name: "Delete this recording?" }));
  await userEvent.click(dialog.getByRole("button", { name: "Delete" }));
  expect(remove).toHaveBeenCalledWith({ recordingId: "recording_1" });
});
