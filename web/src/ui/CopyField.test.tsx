import { render, screen } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, expect, it, vi } from "vitest";
import { CopyField } from "./CopyField.tsx";

const clipboard = (writeText: ((text: string) => Promise<void>) | undefined) =>
  vi.stubGlobal("navigator", { ...navigator, clipboard: writeText && { writeText } });
afterEach(() => vi.unstubAllGlobals());

async function press(): Promise<void> {
  render(<CopyField noun="secret" value="whsec_1" takesFocus />);
  screen.getByLabelText<HTMLInputElement>("Secret").setSelectionRange(0, 0);
  await userEvent.click(screen.getByRole("button", { name: "Copy secret" }));
}

it("copies what it shows, and says so", async () => {
  const writeText = vi.fn(async () => undefined);
  clipboard(writeText);
  await press();
  expect(writeText).toHaveBeenCalledWith("whsec_1");
  expect(screen.getByRole("status").textContent).toBe("Copied");
});

it.each([
  ["there is no clipboard, as on http", undefined],
  ["it was forbidden", () => Promise.reject(new Error("no"))],
])("where %s marks it and says what to do", async (_, writeText) => {
  clipboard(writeText);
  await press();
  expect(screen.getByRole("status").textContent).toBe("Copy the marked secret yourself");
  const { selectionStart, selectionEnd } = screen.getByLabelText<HTMLInputElement>("Secret");
  expect([selectionStart, selectionEnd]).toEqual([0, "whsec_1".length]);
});

it("has the keyboard when it appears, where that is wanted", () => {
  render(<CopyField noun="secret" value="whsec_1" takesFocus />);
  expect(document.activeElement).toBe(screen.getByLabelText("Secret"));
});
