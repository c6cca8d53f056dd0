import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { fakeApi } from "../../testing/fakeApi.ts";
import { renderPage } from "../../testing/renderPage.tsx";
import { meetingOf } from "../../testing/samples.ts";
import { RoomContext, type RoomSurroundings } from "../state/roomContext.ts";
import { type CaptionChoice, ControlBar } from "./ControlBar.tsx";

function show(captions: CaptionChoice | undefined) {
  const nothing = () => undefined;
  const meeting = meetingOf({ userRole: "observer" });
  const surroundings = { context: {}, meeting, room: {} } as unknown as RoomSurroundings;
  const given = { panel: undefined, onPanel: nothing, onSettings: nothing, onLeave: nothing };
  renderPage(
    <RoomContext value={surroundings}>
      <ControlBar {...given} captions={captions} />
    </RoomContext>,
    fakeApi({}),
  );
}

const find = () => screen.queryByRole("button", { name: "Captions" });

it("offers no captions where nothing is written down", () => {
  show(undefined);
  expect(find()).toBeNull();
});

it("turns captions on and off, and says which", async () => {
  const toggle = vi.fn();
  show({ on: true, toggle });
  expect(find()?.getAttribute("aria-pressed")).toBe("true");
  expect(find()?.getAttribute("aria-keyshortcuts")).toBe("c");
  await userEvent.click(find() as HTMLElement);
  expect(toggle).toHaveBeenCalledTimes(1);
});
