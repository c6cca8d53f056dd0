import { act, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { ApiError } from "../api/apiError.ts";
import { fakeApi } from "../testing/fakeApi.ts";
import { renderPage } from "../testing/renderPage.tsx";
import { ProfilePage } from "./ProfilePage.tsx";

const session = { userId: "user_ada", name: "Ada", token: "t", expiresAt: Date.now() + 60_000 };
const profile = {
  ...{ _id: "profile_1", userId: "user_ada", displayName: "Ada Lovelace", bio: "Numbers" },
  ...{ languages: ["English", "French"], age: 36, gender: "female", createdAt: 1, updatedAt: 1 },
};
const chess = { key: "custom:chess", label: "Chess", category: "personal" };
const catalogue = [
  { key: "law", label: "Law", category: "academic", usageCount: 1 },
  { key: "speaking", label: "Public speaking", category: "skill", usageCount: 2 },
];

function show(handlers: Parameters<typeof fakeApi>[0] = {}) {
  const api = fakeApi({
    "users/queries:getOnboardingState": () => ({ onboardingComplete: true }),
    "profiles/queries:getCurrentUserProfile": () => profile,
    "settings/queries:getCurrentUserSettings": () => null,
    "interests/queries:listCatalog": () => catalogue,
    "interests/queries:getCurrentUserInterests": () => [chess],
    ...handlers,
  });
  renderPage(<ProfilePage session={session} />, api);
  return api;
}

const part = async (name: string) => within(await screen.findByRole("form", { name }));

it("changes what is said, and takes away what is emptied", async () => {
  const update = vi.fn((_: object) => "profile_1");
  show({ "profiles/mutations:updateProfile": update });
  const form = await part("Profile");
  await userEvent.clear(form.getByLabelText("Name"));
  await userEvent.type(form.getByLabelText("Name"), "Countess");
  await userEvent.clear(form.getByLabelText("About you"));
  await userEvent.type(form.getByLabelText("Languages"), ", , German{Enter}");
  await screen.findByText("Profile saved");
  expect(update).toHaveBeenCalledWith({
    ...{ displayName: "Countess", bio: "", languages: ["English", "French", "German"] },
    ...{ age: 36, gender: "female", goals: "", experience: "" },
    ...{ jobTitle: "", company: "", field: "", linkedinUrl: "" },
  });
});

it("says what is wrong with a field at the field, under its name there, and keeps what was typed", async () => {
  const refusal = new ApiError("VALIDATION_ERROR", "bio must have at most 1000 characters", 400, {
    field: "bio",
  });
  show({ "profiles/mutations:updateProfile": () => Promise.reject(refusal) });
  const form = await part("Profile");
  await userEvent.type(form.getByLabelText("About you"), " and more{Tab}");
  await userEvent.click(form.getByRole("button", { name: "Save profile" }));
  const alert = await form.findByRole("alert");
  expect(alert.textContent).toBe("About you must have at most 1000 characters.");
  const bio = form.getByLabelText<HTMLTextAreaElement>("About you");
  expect(bio.getAttribute("aria-invalid")).toBe("true");
  expect(bio.getAttribute("aria-describedby")).toContain(alert.id);
  expect(bio.value).toBe("Numbers and more");
});

it("an age that is no number is refused before it is sent", async () => {
  show();
  const form = await part("Profile");
  await userEvent.type(form.getByLabelText("Age"), "x{Enter}");
  expect((await form.findByRole("alert")).textContent).toBe("Say how old you are, in years.");
});

it("follows what is changed elsewhere, but for what is being typed", async () => {
  let stored = profile;
  const api = show({ "profiles/queries:getCurrentUserProfile": () => stored });
  const form = await part("Profile");
  await userEvent.type(form.getByLabelText("Company"), "Acme");
  stored = { ...profile, displayName: "Elsewhere" };
  act(() => api.changed());
  expect(form.getByLabelText<HTMLInputElement>("Name").value).toBe("Elsewhere");
  expect(form.getByLabelText<HTMLInputElement>("Company").value).toBe("Acme");
});

it("stores interests by their keys, those of one's own too", async () => {
  const update = vi.fn(() => null);
  show({ "users/mutations:updateUserInterests": update });
  const form = await part("Interests");
  expect(form.getByLabelText<HTMLInputElement>("Chess").checked).toBe(true);
  await userEvent.click(form.getByLabelText("Law"));
  await userEvent.click(form.getByRole("button", { name: "Save interests" }));
  await screen.findByText("Interests saved");
  expect(update).toHaveBeenCalledWith({ userId: "user_ada", interests: ["custom:chess", "law"] });
});

it("stores a setting at once, and shows what holds when it is refused", async () => {
  const refusal = new ApiError("RATE_LIMIT_EXCEEDED", "m", 429);
  const update = vi.fn(() => Promise.reject(refusal));
  show({ "settings/mutations:updateSettings": update });
  const texts = await screen.findByLabelText<HTMLInputElement>("Send me text messages");
  expect(texts.checked).toBe(false);
  await userEvent.click(texts);
  expect(update).toHaveBeenCalledWith({ smsNotifications: true });
  await screen.findByText(/too often/);
  expect(texts.checked).toBe(false);
});

it("takes the next setting while one is on its way", async () => {
  const answers: (() => void)[] = [];
  const update = vi.fn((_: object) => new Promise<void>((resolve) => answers.push(resolve)));
  let stored: object | null = null;
  show({
    "settings/mutations:updateSettings": update,
    "settings/queries:getCurrentUserSettings": () => stored,
  });
  const texts = await screen.findByLabelText<HTMLInputElement>("Send me text messages");
  const letters = screen.getByLabelText<HTMLInputElement>("Write me e-mails");
  await userEvent.click(texts);
  await userEvent.click(letters);
  expect([texts.checked, letters.checked]).toEqual([true, false]);
  expect(update.mock.calls).toEqual([
    [{ smsNotifications: true }],
    [{ emailNotifications: false }],
  ]);
  stored = { smsNotifications: true, emailNotifications: true };
  await act(async () => answers[0]?.());
  expect([texts.checked, letters.checked]).toEqual([true, false]);
  stored = { smsNotifications: true, emailNotifications: false };
  await act(async () => answers[1]?.());
  expect([texts.checked, letters.checked]).toEqual([true, false]);
});

it("leads whoever has not said who they are to where they do", async () => {
  show({
    "users/queries:getOnboardingState": () => ({ onboardingComplete: false }),
    "profiles/queries:getCurrentUserProfile": () => null,
  });
  const link = await screen.findByRole("link", { name: "It takes a minute" });
  expect(link.getAttribute("href")).toBe("/welcome");
  const form = await part("Profile");
  expect(form.getByLabelText<HTMLInputElement>("Name").value).toBe("Ada");
});
