import { render, screen } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { expect, it } from "vitest";
import { meetingOf } from "../../testing/samples.ts";
import { LocalMedia } from "../media/local/localMedia.ts";
import type { MeetingView } from "../parts/meetingTypes.ts";
import { Lobby } from "./Lobby.tsx";

/** @returns what was asked for */
function lobby(changes: Partial<MeetingView>): string[] {
  const asked: string[] = [];
  const meeting: MeetingView = {
    ...meetingOf(),
    _creationTime: 0,
    activeWebRTCSessions: 0,
    ...changes,
  };
  render(
    <Lobby
      facts={{ meeting, attendees: [] }}
      self={{ userId: "user_ada", name: "Ada" }}
      local={new LocalMedia({ devices: undefined })}
      onJoin={() => asked.push("join")}
      onStart={() => asked.push("start")}
      busy={false}
      error={undefined}
    />,
  );
  return asked;
}

it.each([
  ["an active meeting", { state: "active", userRole: "participant" }, "Join now", "join"],
  ["one on the free plan", { webrtcEnabled: true }, "Join now", "join"],
  ["a host's scheduled one", { state: "scheduled" }, "Start the meeting", "start"],
] as const)("is the way into %s", async (_of, changes, button, asked) => {
  const found = lobby(changes);
  await userEvent.click(screen.getByRole("button", { name: button }));
  expect(found).toEqual([asked]);
});

it.each([
  ["not started", { state: "scheduled", userRole: "participant" }, /has not started yet/],
] as const)("says before anybody goes in that a meeting is %s", (_what, changes, words) => {
  lobby(changes);
  expect(screen.getByText(words)).toBeTruthy();
  expect(screen.queryByRole("button", { name: /^(Join now|Start the meeting)$/ })).toBeNull();
});
