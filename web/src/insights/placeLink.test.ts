import { expect, it } from "vitest";
import { placeLink } from "./placeLink.ts";

it("leads into the player, also where the server is known by another address", () => {
  const place = { recordingId: "recording_1", seconds: 90 };
  const path = "/watch/recording_1#t=90";
  expect(placeLink(`http://10.0.0.1:3210${path}`)).toEqual({ path, place });
  expect(placeLink(path)).toEqual({ path, place });
});

it("leads to other pages, and never away from these", () => {
  expect(placeLink("https://a.test/meetings/meeting_1")).toEqual({ path: "/meetings/meeting_1" });
  expect(placeLink("https://evil.test/x#t=1")).toEqual({ path: "/x#t=1" });
});
