import { act, fireEvent, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it } from "vitest";
import { ApiError } from "../api/apiError.ts";
import { fakeApi } from "../testing/fakeApi.ts";
import { renderPage } from "../testing/renderPage.tsx";
import { Notes } from "./Notes.tsx";
import type { SavedNotes } from "./noteSync.ts";
import { applyOperations, type NoteOperation } from "./textChange.ts";

beforeEach(() => {
  localStorage.clear();
  sessionStorage.clear();
});

/** A server with one text, which carries out what is queued. */
function notesServer(content = "") {
  const server = { content, version: 1, sequence: 1, permissions: ["read", "write"] };
  const queued = new Map<string, NoteOperation>();
  const done = new Set<string>();
  let refusal: ApiError | undefined;
  const api = fakeApi({
    "realtime/subscriptions:subscribeMeetingNotes": () => ({
      ...{ ...server, cursor: String(server.sequence) },
    }),
    "notes/offline:queueOfflineOperations": ({
      operations,
    }: {
      operations: (NoteOperation & { id: string })[];
    }) => {
      if (refusal) throw refusal;
      for (const operation of operations) queued.set(operation.id, operation);
      return { queued: operations.length };
    },
    "notes/offline:syncOfflineOperations": () => {
      const fresh = [...queued].filter(([id]) => !done.has(id));
      for (const [id] of fresh) done.add(id);
      server.content = applyOperations(
        server.content,
        fresh.map(([, operation]) => operation),
      );
      server.sequence += fresh.length;
      server.version += fresh.length > 0 ? 1 : 0;
      return { newVersion: server.version, errors: [] };
    },
  });
  const write = (text: string) => {
    server.content = text;
    server.version += 1;
    server.sequence += 1;
    act(() => api.changed());
  };
  const refuse = (error: ApiError | undefined) => {
    refusal = error;
  };
  return { server, api, write, refuse };
}

const notes = <Notes meetingId="meeting_1" title="Planning" userId="user_ada" />;
const area = () => screen.findByRole<HTMLTextAreaElement>("textbox", { name: /Notes/ });
const type = (element: HTMLTextAreaElement, value: string) =>
  fireEvent.change(element, { target: { value } });

it("sends what is typed, and says when it has arrived", async () => {
  const { server, api } = notesServer("Plan");
  renderPage(notes, api);
  const element = await area();
  expect(element.value).toBe("Plan");
  type(element, "Plan 😀");
  await screen.findByText("Saving…");
  await waitFor(() => expect(server.content).toBe("Plan 😀"), { timeout: 5_000 });
  await screen.findByText("Everything is saved");
  expect(Object.keys(localStorage).filter((key) => key.startsWith("connvo.notes"))).toEqual([]);
});

it("keeps the cursor at its words when others write in front of it", async () => {
  const { api, write } = notesServer("one two");
  renderPage(notes, api);
  const element = await area();
  element.focus();
  element.setSelectionRange(4, 7);
  write("zero one two");
  await waitFor(() => expect(element.value).toBe("zero one two"));
  expect([element.selectionStart, element.selectionEnd]).toEqual([9, 12]);
});

it("keeps what is typed while the server is away, also when the window is closed", async () => {
  const { server, api, write, refuse } = notesServer("Plan");
  refuse(new ApiError("OFFLINE", "", 0));
  act(() => api.setAway(true));
  const first = renderPage(notes, api);
  type(await area(), "Plan B");
  await screen.findByText(/There is no connection/);
  const kept = () =>
    Object.entries(localStorage).filter(([key]) => key.startsWith("connvo.notes.user_ada"));
  expect((JSON.parse(kept()[0]?.[1] as string) as SavedNotes).text).toBe("Plan B");
  first.unmount();
  refuse(undefined);
  write("My Plan");
  act(() => api.setAway(false));
  renderPage(notes, api);
  await waitFor(() => expect(server.content).toBe("My Plan B"), { timeout: 5_000 });
  await waitFor(() => expect(kept()).toEqual([]));
});

it("has the check boxes of the text beside it", async () => {
  const { server, api } = notesServer("- [ ] Ask Ann\n- [x] Book");
  renderPage(notes, api);
  await userEvent.click(await screen.findByRole("checkbox", { name: "Ask Ann" }));
  await waitFor(() => expect(server.content).toBe("- [x] Ask Ann\n- [x] Book"), {
    timeout: 5_000,
  });
});

it("can be read by those who may not write", async () => {
  const { server, api } = notesServer("Plan\n- [ ] Ask Ann");
  server.permissions = ["read"];
  renderPage(notes, api);
  expect((await area()).readOnly).toBe(true);
  expect(screen.getByRole<HTMLInputElement>("checkbox").disabled).toBe(true);
  await screen.findByText("You can read these notes");
});

it("says why something cannot be saved, and keeps it", async () => {
  const { server, api, refuse } = notesServer("Plan");
  refuse(new ApiError("VALIDATION_ERROR", "The notes are too long", 400));
  renderPage(notes, api);
  const element = await area();
  type(element, "Plan B");
  await screen.findByText(/This could not be saved: The notes are too long/);
  expect(element.value).toBe("Plan B");
  refuse(undefined);
  type(element, "Plan");
  await screen.findByText("Everything is saved");
  expect(server.content).toBe("Plan");
});
