import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { ApiError } from "../api/apiError.ts";
import { fakeApi } from "../testing/fakeApi.ts";
import { renderPage } from "../testing/renderPage.tsx";
import { WelcomePage } from "./WelcomePage.tsx";

const law = { key: "law", label: "Law", category: "academic", iconName: "scale", usageCount: 1 };

function show(save: (args: object) => unknown) {
  const api = fakeApi({
    "profiles/queries:getCurrentUserProfile": () => null,
    "interests/queries:listCatalog": () => [law],
    "interests/queries:getCurrentUserInterests": () => [],
    "users/mutations:saveOnboarding": save,
  });
  return renderPage(<WelcomePage />, api, "/welcome");
}

it("stores who somebody is and what they like, and leads to their meetings", async () => {
  const save = vi.fn(() => ({}));
  const { history } = show(save);
  await userEvent.type(await screen.findByLabelText("Age"), "30");
  await userEvent.selectOptions(screen.getByLabelText("Gender"), "I prefer not to say");
  await userEvent.type(screen.getByLabelText("Job title"), "Judge");
  await userEvent.type(screen.getByLabelText("Company"), "Court");
  await userEvent.type(screen.getByLabelText("Field of work"), "Law");
  await userEvent.type(screen.getByLabelText("About you"), "I like long walks");
  await userEvent.click(screen.getByLabelText("Law"));
  await userEvent.type(screen.getByLabelText("Another interest"), "Chess{Enter}");
  await userEvent.type(screen.getByLabelText("Another interest"), "Chess{Enter}");
  expect(screen.getByLabelText<HTMLInputElement>("Chess").checked).toBe(true);
  expect(save).not.toHaveBeenCalled();
  await userEvent.click(screen.getByRole("button", { name: "Done" }));
  await waitFor(() => expect(history.at(-1)).toBe("/"));
  expect(save).toHaveBeenCalledWith({
    ...{ age: 30, gender: "prefer-not-to-say", bio: "I like long walks", linkedinUrl: "" },
    ...{ jobTitle: "Judge", company: "Court", field: "Law" },
    interests: [
      { id: "law", name: "Law", category: "academic", iconName: "scale" },
      { id: "new:Chess", name: "Chess", category: "personal" },
    ],
  });
});

it("says at each field what is missing", async () => {
  const refusal = new ApiError("VALIDATION_ERROR", "bio must have at least 10 characters", 400, {
    field: "bio",
  });
  show(() => Promise.reject(refusal));
  const done = await screen.findByRole("button", { name: "Done" });
  const told = async (label: string, text: string) => {
    await userEvent.click(done);
    expect((await screen.findByText(text)).id).toBe(
      screen.getByLabelText(label).getAttribute("aria-describedby")?.split(" ")[1],
    );
  };
  await told("Age", "Say how old you are, in years.");
  await userEvent.type(screen.getByLabelText("Age"), "30");
  await told("Gender", "Choose one; you need not say.");
  await userEvent.selectOptions(screen.getByLabelText("Gender"), "Female");
  await told("About you", "About you must have at least 10 characters.");
});
