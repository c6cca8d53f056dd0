import { expect, test } from "vitest";
import { recordingLayouts, recordingQualities } from "../../core/recording.ts";
import { newCall, recordingSettings, settingsApplied } from "./settings.ts";

const layoutEcho = { external_app_url: "", external_css_url: "" };

test("settings are always complete, for every quality and layout", () => {
  for (const quality of recordingQualities)
    for (const layout of recordingLayouts)
      expect(recordingSettings({ quality, layout, audioOnly: false })).toEqual({
        mode: "available",
        quality,
        audio_only: false,
        layout: { name: layout },
      });
});

test("an echo counts only when it says what was asked", () => {
  const asked = recordingSettings({ quality: "720p", layout: "grid", audioOnly: false });
  const echo = {
    mode: "available",
    quality: "720p",
    audio_only: false,
    layout: { name: "grid" as const, ...layoutEcho },
  };
  expect(settingsApplied(asked, echo)).toBe(true);
  expect(settingsApplied(asked, undefined)).toBe(false);
  expect(settingsApplied(asked, { ...echo, mode: "disabled" })).toBe(false);
  expect(settingsApplied(asked, { ...echo, quality: "1080p" })).toBe(false);
  expect(settingsApplied(asked, { ...echo, audio_only: true })).toBe(false);
  expect(settingsApplied(asked, { ...echo, layout: { name: "spotlight", ...layoutEcho } })).toBe(
    false,
  );
});

test("without video, quality and layout do not matter", () => {
  const asked = recordingSettings({ quality: "720p", layout: "grid", audioOnly: true });
  const echo = {
    mode: "available",
    quality: "",
    audio_only: true,
    layout: { name: "spotlight" as const, ...layoutEcho },
  };
  expect(settingsApplied(asked, echo)).toBe(true);
});

test("a long description is cut to what Stream takes", () => {
  const { custom } = newCall({
    meetingId: "m",
    roomId: "r",
    title: "t",
    description: "x".repeat(5_000),
    organizer: { userId: "u", name: "U" },
    maxParticipants: 3,
  });
  expect(custom?.["description"]).toHaveLength(1_000);
});
