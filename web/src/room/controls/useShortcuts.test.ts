import { fireEvent, renderHook } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { useShortcuts } from "./useShortcuts.ts";

const press = (key: string, more: object = {}, target: Element = document.body) =>
  fireEvent.keyDown(target, { key, ...more });

it("runs what a key is for now, and nothing with Ctrl, repeated, or while something is typed", () => {
  const [first, second] = [vi.fn(), vi.fn()];
  const { rerender } = renderHook(
    ({ run }) => useShortcuts({ shortcuts: { c: run }, on: true, within: undefined }),
    { initialProps: { run: first } },
  );
  press("c");
  rerender({ run: second });
  press("C");
  expect([first, second].map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
  const field = document.body.appendChild(document.createElement("input"));
  press("c", {}, field);
  press("c", { ctrlKey: true });
  press("c", { repeat: true });
  press("x");
  field.remove();
  expect(second).toHaveBeenCalledTimes(1);
});

it("does nothing when keys are off", () => {
  const run = vi.fn();
  renderHook(() => useShortcuts({ shortcuts: { c: run }, on: false, within: undefined }));
  press("c");
  expect(run).not.toHaveBeenCalled();
});
