import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { fakeApi } from "../../testing/fakeApi.ts";
import { renderPage } from "../../testing/renderPage.tsx";
import { meetingOf } from "../../testing/samples.ts";
import type { MeetingView } from "../parts/meetingTypes.ts";
import { RoomContext, type RoomSurroundings } from "../state/roomContext.ts";
import { TranscriptionSwitch } from "./TranscriptionSwitch.tsx";

function show(changes: Partial<MeetingView>) {
  const turned = vi.fn((_args: unknown) => ({ enabled: false }));
  const api = fakeApi({ "transcripts/mutations:setTranscriptionEnabled": turned });
  const surroundings = {
    ...{ context: { api, meetingId: "meeting_1" }, meeting: { ...meetingOf(), ...changes } },
  } as unknown as RoomSurroundings;
  renderPage(
    <RoomContext value={surroundings}>
      <TranscriptionSwitch />
    </RoomContext>,
    api,
  );
  return turned;
}

const find = () => screen.queryByRole("checkbox", { name: /What is said is written down/ });

it("hosts turn off for everybody that what is said is written down", async () => {
  const turned = show({ transcription: true, transcriptionEnabled: true });
  expect(find()).toHaveProperty("checked", true);
  await userEvent.click(find() as HTMLElement);
  expect(turned).toHaveBeenCalledWith({ meetingId: "meeting_1", enabled: false });
});

it("and on again", async () => {
  const turned = show({ transcriptionEnabled: false });
  expect(find()).toHaveProperty("checked", false);
  await userEvent.click(find() as HTMLElement);
  expect(turned).toHaveBeenCalledWith({ meetingId: "meeting_1", enabled: true });
});

it.each([
  ["others", { transcription: true, transcriptionEnabled: true, userRole: "participant" }],
  ["hosts of meetings in which nothing can be", { transcriptionEnabled: true }],
] as const)("is not there for %s", (_who, changes) => {
  show(changes);
  expect(find()).toBeNull();
});
