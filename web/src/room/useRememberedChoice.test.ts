import { act, renderHook } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { useRememberedChoice } from "./useRememberedChoice.ts";

afterEach(() => {
  vi.restoreAllMocks();
  window.localStorage.clear();
});

const shown = () => renderHook(() => useRememberedChoice("connvo.test", false)).result;

it("is as it was chosen on this device", () => {
  const first = shown();
  expect(first.current[0]).toBe(false);
  act(() => first.current[1](true));
  expect(first.current[0]).toBe(true);
  const again = shown();
  expect(again.current[0]).toBe(true);
  act(() => again.current[1](false));
  expect(shown().current[0]).toBe(false);
});

it("can be chosen where nothing is kept", () => {
  for (const method of ["getItem", "setItem"] as const)
    vi.spyOn(Storage.prototype, method).mockImplementation(() => {
      throw new Error("not allowed");
    });
  const choice = shown();
  act(() => choice.current[1](true));
  expect(choice.current[0]).toBe(true);
});
