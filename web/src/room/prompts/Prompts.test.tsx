import { act, fireEvent, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { fakeApi } from "../../testing/fakeApi.ts";
import { renderPage } from "../../testing/renderPage.tsx";
import { meetingOf } from "../../testing/samples.ts";
import type { Meeting } from "../../words/meetings.ts";
import { RoomContext, type RoomSurroundings } from "../state/roomContext.ts";
import { Prompts } from "./Prompts.tsx";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

interface Prompt {
  _id: string;
  content: string;
  feedback?: "used" | "dismissed";
}

async function show(changes: Partial<Meeting> = {}) {
  const prompts: Prompt[] = [{ _id: "old", content: "From before" }];
  const answered = vi.fn((_args: unknown) => null);
  const api = fakeApi({
    "prompts/queries:subscribeToInCallPrompts": () => ({ lastUpdated: 0, prompts: [...prompts] }),
    "prompts/mutations:updatePromptFeedback": answered,
  });
  const surroundings = {
    ...{ context: { meetingId: "meeting_1" }, meeting: meetingOf(changes) },
  } as unknown as RoomSurroundings;
  renderPage(
    <RoomContext value={surroundings}>
      <Prompts />
    </RoomContext>,
    api,
  );
  await settle();
  const come = async (...more: Prompt[]) => {
    prompts.unshift(...more);
    await act(async () => api.changed());
    await settle();
  };
  return { come, answered, prompts, api };
}

const settle = () => act(async () => void (await vi.advanceTimersByTimeAsync(0)));
const press = (name: string) =>
  act(async () => fireEvent.click(screen.getByRole("button", { name })));

it("shows what comes while one is here, not what came before, and for two minutes", async () => {
  const { come } = await show();
  expect(screen.queryByText("From before")).toBeNull();
  await come({ _id: "one", content: "Carol has not spoken yet." });
  screen.getByText("Carol has not spoken yet.");
  await come({ _id: "two", content: "And the login?" });
  expect(screen.queryByText("Carol has not spoken yet.")).toBeNull();
  screen.getByText("And the login?");
  await act(async () => void (await vi.advanceTimersByTimeAsync(120_000)));
  expect(screen.queryByText("And the login?")).toBeNull();
});

it.each([
  ["Good idea", "used"],
  ["Dismiss", "dismissed"],
])("is gone at once with %s, for everybody", async (name, feedback) => {
  const { come, answered } = await show({ userRole: "participant" });
  await come({ _id: "one", content: "And the login?" });
  await press(name);
  expect(screen.queryByText("And the login?")).toBeNull();
  expect(answered).toHaveBeenCalledWith({ promptId: "one", feedback });
});

it("is gone when somebody else has answered it", async () => {
  const { come, prompts, api } = await show();
  await come({ _id: "one", content: "And the login?" });
  prompts[0] = { _id: "one", content: "And the login?", feedback: "used" };
  await act(async () => api.changed());
  await settle();
  expect(screen.queryByText("And the login?")).toBeNull();
});

it("is put away by observers for themselves alone", async () => {
  const { come, answered } = await show({ userRole: "observer" });
  await come({ _id: "one", content: "And the login?" });
  await press("Dismiss");
  expect(screen.queryByText("And the login?")).toBeNull();
  expect(answered).not.toHaveBeenCalled();
});
