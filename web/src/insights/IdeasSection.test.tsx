import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { fakeApi } from "../testing/fakeApi.ts";
import { renderPage } from "../testing/renderPage.tsx";
import { IdeasSection } from "./IdeasSection.tsx";

const ideaOf = (content: string) => ({
  ...{ _id: `prompt_${content}`, content, createdAt: 0, relevance: 1, tags: [] },
});

function show(found: string[]) {
  let ideas: ReturnType<typeof ideaOf>[] = [];
  const made = vi.fn((_args: unknown) => {
    ideas = found.map(ideaOf);
    const promptIds = ideas.map(({ _id }) => _id);
    return { generated: true, fromCache: false, promptIds };
  });
  const api = fakeApi({
    "prompts/queries:getPreCallPrompts": () => ideas,
    "prompts/actions:generatePreCallIdeas": made,
    "prompts/mutations:updatePromptFeedback": ({ promptId }: { promptId: string }) => {
      ideas = ideas.filter(({ _id }) => _id !== promptId);
      return null;
    },
  });
  renderPage(<IdeasSection meetingId="meeting_1" />, api);
  return made;
}

it("brings what these people could talk about, without what somebody dismisses", async () => {
  const made = show(["Chess", "The offer to Acme"]);
  await userEvent.click(await screen.findByRole("button", { name: "Ideas for this meeting" }));
  await screen.findByText("Chess");
  await userEvent.click(screen.getByRole("button", { name: /^Dismiss\W+Chess$/ }));
  expect(screen.queryByText("Chess")).toBeNull();
  screen.getByText("The offer to Acme");
  await userEvent.click(screen.getByRole("button", { name: "Other ideas" }));
  expect(made).toHaveBeenLastCalledWith({ meetingId: "meeting_1", forceRegenerate: true });
});

it("says that there is nothing yet", async () => {
  show([]);
  await userEvent.click(await screen.findByRole("button", { name: "Ideas for this meeting" }));
  await screen.findByText(/There is nothing yet/);
});
