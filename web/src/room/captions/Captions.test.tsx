import { act, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { fakeApi } from "../../testing/fakeApi.ts";
import { renderPage } from "../../testing/renderPage.tsx";
import { meetingOf, personOf } from "../../testing/samples.ts";
import type { Line } from "../../transcript/placedLines.ts";
import type { RecordingView } from "../recording/recordingView.ts";
import { RoomContext, type RoomSurroundings } from "../state/roomContext.ts";
import { Captions } from "./Captions.tsx";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const said = (sequence: number, text: string, change: Partial<Line> = {}): Line => ({
  ...{ _id: `line_${sequence}`, sequence, text, speakerId: "user_grace", confidence: 1 },
  ...{ createdAt: 0, startMs: 0, endMs: 1, isInterim: false, ...change },
});
const running = { recordingId: "r", state: "recording" } as RecordingView;

interface Asked {
  fromSequence: number;
  limit: number;
}

/** A server that has these lines. */
function serverWith(lines: Line[]) {
  const asked: Asked[] = [];
  const stats = vi.fn(() => ({ totalChunks: lines.filter((line) => !line.isInterim).length }));
  const api = fakeApi({
    "transcripts/ingestion:getTranscriptStats": stats,
    "realtime/subscriptions:subscribeTranscriptStream": ({ fromSequence, limit }: Asked) => {
      asked.push({ fromSequence, limit });
      const transcripts = lines.filter(({ sequence }) => sequence > fromSequence).slice(0, limit);
      const nextSequence = transcripts.at(-1)?.sequence ?? fromSequence;
      return { transcripts, nextSequence, permissions: ["read"], subscriptionValid: true };
    },
  });
  const say = async (...more: Line[]) => {
    lines.push(...more);
    await act(async () => api.changed());
  };
  return { api, asked, stats, say };
}

async function show(
  api: ReturnType<typeof fakeApi>,
  recording: RecordingView | undefined = running,
) {
  const surroundings = {
    ...{ context: { meetingId: "meeting_1" }, meeting: meetingOf(), recording },
    attendees: [personOf("Ada"), personOf("Grace")],
  } as unknown as RoomSurroundings;
  const view = renderPage(
    <RoomContext value={surroundings}>
      <Captions />
    </RoomContext>,
    api,
  );
  await settle();
  return view;
}

const settle = () => act(async () => vi.advanceTimersByTimeAsync(10));
const captions = () =>
  [...screen.getByRole("region", { name: "Captions" }).querySelectorAll("p")].map(
    ({ textContent }) => textContent,
  );

it("shows what is said from now on, with who says it; asks for nothing that was said before", async () => {
  const { api, asked, say } = serverWith(
    Array.from({ length: 500 }, (_, index) => said(index + 1, "Before.")),
  );
  await show(api);
  expect(captions()).toEqual(["What is said appears here."]);
  expect(asked.every(({ fromSequence }) => fromSequence >= 500)).toBe(true);
  await say(said(501, "Good morning."), said(502, "Hello.", { speakerId: "user_ada" }));
  expect(captions()).toEqual(["Grace: Good morning."]);
  await act(async () => vi.advanceTimersByTimeAsync(1_000));
  expect(captions()).toEqual(["Grace: Good morning.", "Ada: Hello."]);
  await say(said(503, "And you?", { speakerId: "user_ada" }));
  await act(async () => vi.advanceTimersByTimeAsync(1_000));
  expect(captions()).toEqual(["Ada: Hello. And you?"]);
});

it("replays nothing when it is shown again, also where numbers are missing", async () => {
  const { api, say } = serverWith([said(7, "Long ago."), said(300, "Just now.")]);
  const { unmount } = await show(api);
  await say(said(301, "One."));
  unmount();
  await show(api);
  await settle();
  expect(captions()).toEqual(["What is said appears here."]);
  await say(said(302, "Two.", { speakerId: "user_gone" }));
  expect(captions()).toEqual(["Somebody: Two."]);
});

it("says so when words come late", async () => {
  const { api, say } = serverWith([]);
  await show(api);
  await say(said(1, "Good morning.", { createdAt: 40_400, endMs: 400 }));
  expect(captions()).toEqual(["Grace (40 s ago): Good morning."]);
});

it("asks for the newest only, however much is said", async () => {
  const { api, asked, say } = serverWith([]);
  await show(api);
  for (let sequence = 1; sequence <= 100; sequence++) await say(said(sequence, `Line ${sequence}`));
  const last = asked.at(-1);
  expect(last?.limit).toBe(20);
  expect(last?.fromSequence).toBeGreaterThanOrEqual(80);
});

it("comes when the server is there again", async () => {
  const { api, stats, say } = serverWith([]);
  stats.mockImplementationOnce(() => {
    throw new Error("away");
  });
  await show(api);
  await act(async () => vi.advanceTimersByTimeAsync(3_100));
  await say(said(1, "Here I am."));
  expect(captions()).toEqual(["Grace: Here I am."]);
});

it("says why there are none", async () => {
  const { api } = serverWith([]);
  const { unmount } = await show(api, { ...running, state: "paused" });
  expect(captions()).toEqual(["Captions go on with the recording."]);
  unmount();
  const surroundings = { context: {}, attendees: [] } as unknown as RoomSurroundings;
  renderPage(
    <RoomContext value={surroundings}>
      <Captions />
    </RoomContext>,
    api,
  );
  expect(captions()).toEqual(["Captions come while the meeting is recorded."]);
});
