import { render, screen } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";
import type { PublicationView } from "../media/roomView.ts";
import { SlotWatcher } from "./slotWatcher.ts";
import { Tile } from "./Tile.tsx";
import { stageOf } from "./tiles.ts";

beforeEach(() => {
  // jsdom has neither of them.
  vi.stubGlobal(
    "IntersectionObserver",
    class {
      observe() {}
      unobserve() {}
    },
  );
  vi.spyOn(HTMLMediaElement.prototype, "play").mockResolvedValue();
});

function show(kind: "camera" | "screen", changes: Partial<PublicationView>) {
  const stream = { id: "stream" } as MediaStream;
  const received = { audio: stream, video: stream };
  const publication = { audio: true, video: true, paused: false, received, slot: 0, ...changes };
  const nothing = { camera: undefined, screen: undefined, [kind]: publication };
  const ada = { userId: "ada", name: "Ada", role: undefined, isSelf: false, ...nothing };
  const { screens, cameras } = stageOf({ people: [ada], speaker: undefined });
  const [tile] = kind === "screen" ? screens : cameras;
  if (tile === undefined) throw new Error("there is no tile");
  const watcher = new SlotWatcher(() => undefined);
  render(<Tile tile={tile} own={undefined} watcher={watcher} />);
}

const spared = "paused to save your connection";

it("shows a camera that is received", () => {
  show("camera", {});
  expect(screen.getByLabelText("Picture of Ada")).toBeTruthy();
  expect(screen.queryByText(spared)).toBeNull();
});

it.each(["camera", "screen"] as const)("says why a %s that is on is not seen", (kind) => {
  show(kind, { paused: true });
  expect(screen.getByText(spared)).toBeTruthy();
  expect(screen.queryByLabelText(/^Picture of/)).toBeNull();
  expect(screen.queryByText(/camera off/)).toBeNull();
});

it("a camera that is off is off, whatever the connection", () => {
  show("camera", { video: false, paused: true });
  expect(screen.getByText(/camera off/)).toBeTruthy();
  expect(screen.queryByText(spared)).toBeNull();
});
