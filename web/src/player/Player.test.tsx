import { act, screen } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";
import { ApiError, type ApiErrorCode } from "../api/apiError.ts";
import { fakeApi } from "../testing/fakeApi.ts";
import { renderPage } from "../testing/renderPage.tsx";
import { detailOf, playbackOf } from "../testing/samples.ts";
import type { RecordingDetail } from "../words/recordings.ts";
import { Player } from "./Player.tsx";
import type { PlaybackElement } from "./playbackElement.ts";
import type { Playback } from "./sources/playback.ts";

beforeEach(() => {
  // jsdom has media elements but none of their methods.
  for (const method of ["load", "pause"] as const)
    vi.spyOn(HTMLMediaElement.prototype, method).mockReturnValue();
});

/** The player of a recording of which the server says this. */
function show(getPlayback: () => Playback, detail: Partial<RecordingDetail> = {}) {
  const api = fakeApi({
    "recordings/actions:getPlayback": getPlayback,
    "recordings/queries:getRecording": () => detailOf({ state: "processing", ...detail }),
  });
  return { api, ...renderPage(<Player recordingId="recording_1" />, api) };
}

const refusal = (code: ApiErrorCode, message: string, reason: string) => () => {
  throw new ApiError(code, message, 400, { reason });
};
const file = { url: "/file?link", sizeBytes: 12_000_000, durationMs: 60_000 };

it("while the file is made: plays what was captured, and says how far that is", async () => {
  const progress = { done: 0.426, etaMs: 75_000 };
  show(() => playbackOf({ progress }), { progress });
  const words = "Playing what was captured; the MP4 is 42 % composed, about 2 minutes left.";
  expect((await screen.findByText(words)).getAttribute("role")).toBe("status");
});

it("with the file: plays that", async () => {
  show(() => playbackOf({ state: "ready", tracks: [], file }));
  expect(await screen.findByText("Playing the finished MP4.")).toBeTruthy();
});

it("without a file that could be made: plays what was captured, and says that it is safe", async () => {
  show(() => playbackOf({ state: "failed", composeError: "The disk was full" }));
  await screen.findByText("Playing what was captured. The MP4 could not be made.");
  expect(screen.getByText(/What was captured is safe/)).toBeTruthy();
});

it("composed again after a failure: says how far that is, and plays the file", async () => {
  let answer = playbackOf({ state: "failed", composeError: "The disk was full" });
  const detail: Partial<RecordingDetail> = { state: "failed" };
  const getPlayback = vi.fn(() => answer);
  const { api } = show(getPlayback, detail);
  await screen.findByText("Playing what was captured. The MP4 could not be made.");
  expect(getPlayback).toHaveBeenCalledTimes(1);
  const progress = { done: 0.25 };
  Object.assign(detail, { state: "processing", progress });
  answer = playbackOf({ progress });
  act(() => api.changed());
  await screen.findByText(/25 % composed/);
  detail.state = "ready";
  answer = playbackOf({ state: "ready", tracks: [], file });
  act(() => api.changed());
  await screen.findByText("Playing the finished MP4.");
  expect(getPlayback).toHaveBeenCalledTimes(3);
});

it("sound only: says so, and shows no picture's frame", async () => {
  const { container } = show(() =>
    playbackOf({ state: "ready", audioOnly: true, tracks: [], file }),
  );
  await screen.findByText("Playing the finished sound file.");
  expect(container.querySelector(".player--sound")).toBeTruthy();
});

it("when nothing was captured: says that, and does not offer to try again", async () => {
  show(refusal("VALIDATION_ERROR", "Nothing was captured that could be played", "no_media"));
  const { textContent } = await screen.findByRole("alert");
  expect(textContent).toContain("Nothing was heard or seen in this recording");
  expect(screen.queryByRole("button", { name: "Try again" })).toBeNull();
});

it("right after the stop: waits until it is closed, and plays by itself", async () => {
  let answer: () => Playback = refusal("CONFLICT", "Not yet", "not_sealed");
  const progress = { done: 0 };
  show(() => answer(), { progress });
  await screen.findByText(/The recording is being closed/);
  answer = () => playbackOf({ progress });
  expect(await screen.findByText(/ 0 % composed/)).toBeTruthy();
});

it("when its tracks are in storage: says that they come, and plays by itself", async () => {
  let answer: () => Playback = refusal("CONFLICT", "Being fetched", "restoring");
  show(() => answer());
  await screen.findByText(/being fetched from storage/);
  answer = () => playbackOf();
  expect(await screen.findByText(/Playing what was captured/)).toBeTruthy();
});

it("when the server is away: offers to try again", async () => {
  let answer: () => Playback = refusal("OFFLINE", "The server cannot be reached", "");
  show(() => answer());
  const again = await screen.findByRole("button", { name: "Try again" });
  answer = () => playbackOf();
  await userEvent.click(again);
  expect(await screen.findByText(/Playing what was captured/)).toBeTruthy();
});

it("captions say who speaks, and what is said once that is written down", async () => {
  const startedAt = 1_700_000_000_000;
  const lines: object[] = [];
  const say = (sequence: number, text: string, atMs: number) => {
    const when = { startMs: startedAt + atMs, endMs: startedAt + atMs + 2_000 };
    lines.push({ _id: `line_${sequence}`, sequence, text, speakerId: "user_ada", ...when });
  };
  const ada = { participantId: "user_ada", participantName: "Ada" };
  const detail = detailOf({ startedAt, tracks: [ada] as unknown as RecordingDetail["tracks"] });
  const api = fakeApi({
    "recordings/actions:getPlayback": () =>
      playbackOf({
        ...{ state: "ready", tracks: [], file },
        speakers: [{ atMs: 0, participantId: "user_ada" }],
      }),
    "recordings/queries:getRecording": () => detail,
    "realtime/subscriptions:subscribeTranscriptStream": () => ({
      ...{ transcripts: [...lines], nextSequence: lines.length },
      ...{ permissions: ["read"], subscriptionValid: true },
    }),
  });
  const { container } = renderPage(<Player recordingId="recording_1" />, api);
  await screen.findByText("Playing the finished MP4.");
  const player = container.querySelector("connvo-playback") as PlaybackElement;
  const caption = () => {
    const element = player.shadowRoot?.querySelector<HTMLElement>(".caption");
    return element?.hidden ? "" : element?.textContent;
  };
  expect(caption()).toBe("");
  player.textTracks[0].mode = "showing";
  player.currentTime = 5;
  expect(caption()).toBe("Ada");
  say(1, "Good morning.", 4_000);
  act(() => api.changed());
  await vi.waitFor(() => expect(caption()).toBe("Ada: Good morning."));
  player.currentTime = 8;
  expect(caption()).toBe("");
  say(2, "Let us begin.", 7_000);
  act(() => api.changed());
  await vi.waitFor(() => expect(caption()).toBe("Ada: Let us begin."));
  lines.length = 0;
  act(() => api.changed());
  await vi.waitFor(() => expect(caption()).toBe("Ada"));
});
