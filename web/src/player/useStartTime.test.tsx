import { render } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { type Seekable, useStartTime } from "./useStartTime.ts";

afterEach(() => {
  location.hash = "";
});

function Watching({ player }: { player: Seekable | null }) {
  useStartTime(player);
  return null;
}

const playerOf = (duration: number) =>
  Object.assign(document.createElement("div"), { currentTime: 0, duration });

it("begins where the address says, once there is something to play", () => {
  location.hash = "#t=83";
  const player = playerOf(Number.NaN);
  const { rerender } = render(<Watching player={null} />);
  rerender(<Watching player={player} />);
  expect(player.currentTime).toBe(0);
  player.duration = 600;
  player.dispatchEvent(new Event("durationchange"));
  expect(player.currentTime).toBe(83);
  // What comes later, such as the finished file, leaves it where it is.
  player.currentTime = 90;
  player.dispatchEvent(new Event("durationchange"));
  expect(player.currentTime).toBe(90);
});

it("goes where another link leads on the same page", () => {
  const player = playerOf(600);
  const { unmount } = render(<Watching player={player} />);
  location.hash = "#t=5";
  window.dispatchEvent(new Event("hashchange"));
  expect(player.currentTime).toBe(5);
  unmount();
  location.hash = "#t=7";
  window.dispatchEvent(new Event("hashchange"));
  expect(player.currentTime).toBe(5);
});

it.each(["", "#t=", "#t=-5", "#t=1e9", "#notes"])("begins at the beginning for %j", (hash) => {
  location.hash = hash;
  const player = playerOf(600);
  render(<Watching player={player} />);
  expect(player.currentTime).toBe(0);
});
