import { act, screen, waitFor, within } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { ApiError } from "../api/apiError.ts";
import { type FakeApi, fakeApi } from "../testing/fakeApi.ts";
import { renderPage } from "../testing/renderPage.tsx";
import { deliveryOf, endpointOf } from "../testing/samples.ts";
import type { Delivery, Endpoint } from "../words/webhooks.ts";
import { WebhooksPage } from "./WebhooksPage.tsx";

const list = "webhooks/queries:listEndpoints";
const deliveries = "webhooks/queries:listDeliveries";
const create = "webhooks/mutations:createEndpoint";
const update = "webhooks/mutations:updateEndpoint";

interface Shown {
  endpoints?: Endpoint[];
  sent?: Delivery[];
  more?: Record<string, (args: never) => unknown>;
}

/** Shows the page with what the server has, which tests change. */
function show({ endpoints = [], sent = [], more = {} }: Shown): FakeApi {
  const api = fakeApi({
    [list]: () => [...endpoints],
    [deliveries]: () => [...sent],
    ...more,
  });
  renderPage(<WebhooksPage />, api, "/webhooks");
  return api;
}

const press = async (name: string | RegExp, within_: ReturnType<typeof within> = screen) =>
  userEvent.click(await within_.findByRole("button", { name }));
const dialog = () => within(screen.getByRole("dialog"));

it("without endpoints says what webhooks are good for", async () => {
  show({});
  expect(screen.getByText("The endpoints are being fetched")).toBeTruthy();
  expect(await screen.findByText(/hears at once what happens/)).toBeTruthy();
  expect(screen.getByRole("button", { name: "Add an endpoint" })).toBeTruthy();
});

it.each([
  ["no member", new ApiError("FORBIDDEN", "", 403, { reason: "no_organization" }), /without one/],
  [
    "no administrator",
    new ApiError("INSUFFICIENT_PERMISSIONS", "", 403, { requiredRole: "admin" }),
    /for the administrators of your organisation/,
  ],
])("whoever is %s of an organisation is told so, and can do nothing", async (_, refusal, words) => {
  show({
    more: {
      [list]: () => {
        throw refusal;
      },
    },
  });
  expect(await screen.findByText(words)).toBeTruthy();
  expect(screen.queryByRole("button")).toBeNull();
});

it("whoever is an administrator no longer sees nothing any more", async () => {
  let isAdmin = true;
  const api = show({
    more: {
      [list]: () => {
        if (isAdmin) return [endpointOf()];
        throw new ApiError("INSUFFICIENT_PERMISSIONS", "", 403, { requiredRole: "admin" });
      },
    },
  });
  await screen.findByRole("heading", { name: endpointOf().url });
  isAdmin = false;
  act(() => api.changed());
  expect(screen.getByText(/for the administrators/)).toBeTruthy();
  expect(screen.queryByRole("heading", { name: endpointOf().url })).toBeNull();
});

it("tells address, purpose, events and state of each, as they change", async () => {
  const until = Date.now() + 3_600_000;
  const endpoints = [
    endpointOf({ description: "CRM", eventTypes: ["recording.ready"], previousSecretUntil: until }),
    endpointOf({ endpointId: "endpoint_2", url: "https://b.example/", enabled: false }),
  ];
  const api = show({ endpoints });
  const [first, second] = await screen.findAllByRole("listitem");
  if (first === undefined || second === undefined) throw new Error("not both are shown");
  for (const words of ["CRM", "recording.ready", "On", /two secrets until (today|tomorrow)/])
    expect(within(first).getByText(words)).toBeTruthy();
  for (const words of ["Everything", "Off", /An administrator has switched this endpoint off/])
    expect(within(second).getByText(words)).toBeTruthy();
  endpoints[1] = endpointOf({ ...endpoints[1], enabled: false, disabledReason: "gone" });
  act(() => api.changed());
  expect(within(second).getByText(/410 Gone/)).toBeTruthy();
});

it("adds an endpoint, and shows its secret until that was kept", async () => {
  const endpoints: Endpoint[] = [];
  const createEndpoint = vi.fn((draft: Partial<Endpoint>) => {
    endpoints.push(endpointOf(draft));
    return { ...endpointOf(draft), secret: "whsec_new" };
  });
  show({ endpoints, more: { [create]: createEndpoint } });
  await press("Add an endpoint");
  await userEvent.type(dialog().getByLabelText("URL"), "https://hooks.example.org/connvo");
  await userEvent.type(dialog().getByLabelText("Description"), "CRM");
  await userEvent.selectOptions(dialog().getByLabelText("Told of"), "Only some events");
  await userEvent.click(dialog().getByLabelText(/^The file of a recording is ready/));
  await press("Add", dialog());
  expect(createEndpoint).toHaveBeenCalledWith({
    ...{ url: "https://hooks.example.org/connvo", description: "CRM" },
    eventTypes: ["recording.ready"],
  });
  const secret = await screen.findByLabelText<HTMLInputElement>("Secret");
  expect(secret.value).toBe("whsec_new");
  expect(document.activeElement).toBe(secret);
  expect(screen.queryByRole("dialog")).toBeNull();
  // Opened, so that it is tried out next.
  expect(screen.getByRole("button", { name: "Send a test event" })).toBeTruthy();
  await press("I have kept it");
  expect(screen.queryByLabelText("Secret")).toBeNull();
  expect(document.body.textContent).not.toContain("whsec_new");
  expect(document.activeElement?.textContent).toBe("https://hooks.example.org/connvo");
  expect(screen.getByRole("button", { name: "Send a test event" })).toBeTruthy();
});

it.each([
  ["url", "URL"],
  ["description", "Description"],
])("a refused %s is said at its field, and the form stays", async (field, label) => {
  const refusal = new ApiError("VALIDATION_ERROR", "It will not do", 400, { field });
  show({ more: { [create]: () => Promise.reject(refusal) } });
  await press("Add an endpoint");
  await userEvent.type(dialog().getByLabelText("Description"), "Kept");
  await press("Add", dialog());
  expect((await dialog().findByRole("alert")).textContent).toBe("It will not do.");
  expect(dialog().getByLabelText(label).getAttribute("aria-invalid")).toBe("true");
  expect(dialog().getByLabelText<HTMLInputElement>("Description").value).toBe("Kept");
});

it("only some events need one, else nothing would be left out", async () => {
  const createEndpoint = vi.fn();
  show({ more: { [create]: createEndpoint } });
  await press("Add an endpoint");
  await userEvent.selectOptions(dialog().getByLabelText("Told of"), "Only some events");
  await press("Add", dialog());
  expect((await dialog().findByRole("alert")).textContent).toBe("Choose at least one event.");
  expect(createEndpoint).not.toHaveBeenCalled();
});

it("a refusal that is about no field is said all the same", async () => {
  const refusal = new ApiError("CONFLICT", "", 409, { reason: "too_many_endpoints", limit: 20 });
  show({ more: { [create]: () => Promise.reject(refusal) } });
  await press("Add an endpoint");
  await press("Add", dialog());
  expect(await dialog().findByText(/has 20 endpoints/)).toBeTruthy();
});

it("changes what is there", async () => {
  const updateEndpoint = vi.fn();
  const endpoint = endpointOf({ description: "CRM", eventTypes: ["meeting.ended"] });
  show({ endpoints: [endpoint], more: { [update]: updateEndpoint } });
  await press(/^Details/);
  await press("Change");
  expect(dialog().getByLabelText<HTMLInputElement>(/^A meeting ends/).checked).toBe(true);
  await userEvent.clear(dialog().getByLabelText("Description"));
  await userEvent.selectOptions(dialog().getByLabelText("Told of"), "all");
  await press("Save", dialog());
  expect(updateEndpoint).toHaveBeenCalledWith({
    ...{ endpointId: "endpoint_1", url: endpoint.url, description: "", eventTypes: [] },
  });
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
});

it("makes another secret after saying how long the old one counts, and shows it once", async () => {
  const until = Date.now() + 86_400_000;
  const rotated = { secret: "whsec_next", previousSecretUntil: until };
  const rotateSecret = vi.fn(() => rotated);
  const endpoint = endpointOf({ previousSecretUntil: Date.now() + 3_600_000 });
  show({ endpoints: [endpoint], more: { "webhooks/mutations:rotateSecret": rotateSecret } });
  await press(/^Details/);
  await press("New secret");
  expect(dialog().getByText(/^For 24 hours every message is signed with the present/)).toBeTruthy();
  expect(dialog().getByText(/signs no more at once/)).toBeTruthy();
  expect(rotateSecret).not.toHaveBeenCalled();
  await press("Make a new secret", dialog());
  expect((await screen.findByLabelText<HTMLInputElement>("Secret")).value).toBe("whsec_next");
  expect(screen.getByText(/^Until tomorrow, .* signed with both/)).toBeTruthy();
});

it.each([
  ["Switch off", update, { enabled: false }],
  ["Delete", "webhooks/mutations:deleteEndpoint", {}],
])("%s asks first", async (verb, name, args) => {
  const work = vi.fn();
  show({ endpoints: [endpointOf()], more: { [name]: work } });
  await press(/^Details/);
  await press(verb);
  expect(work).not.toHaveBeenCalled();
  await press("Go back", dialog());
  await press(verb);
  await press(verb, dialog());
  expect(work).toHaveBeenCalledExactlyOnceWith({ endpointId: "endpoint_1", ...args });
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
});

it("what is off is switched on again, and nothing is sent to it before", async () => {
  const updateEndpoint = vi.fn();
  const endpoint = endpointOf({ enabled: false, disabledReason: "admin" });
  show({ endpoints: [endpoint], sent: [deliveryOf()], more: { [update]: updateEndpoint } });
  await press(/^Details/);
  await screen.findByText("Delivered");
  expect(screen.queryByRole("button", { name: /^Send/ })).toBeNull();
  await press(/^Switch on/);
  expect(updateEndpoint).toHaveBeenCalledWith({ endpointId: "endpoint_1", enabled: true });
});

it("sends a test event, which is listed, and says why it could not", async () => {
  const sent: Delivery[] = [];
  const sendTestEvent = vi.fn(() => {
    sent.push(
      deliveryOf({ eventId: "webhook_test", type: "webhook.test", state: "pending", attempts: 0 }),
    );
    return { eventId: "webhook_test" };
  });
  show({
    endpoints: [endpointOf()],
    sent,
    more: { "webhooks/mutations:sendTestEvent": sendTestEvent },
  });
  await press(/^Details/);
  expect(await screen.findByText(/^Nothing has been sent to it yet/)).toBeTruthy();
  await press("Send a test event");
  expect(await screen.findByText("webhook.test")).toBeTruthy();
  expect(screen.getByText("Being sent")).toBeTruthy();
  sendTestEvent.mockImplementation(() => {
    throw new ApiError("CONFLICT", "", 409, { reason: "gone" });
  });
  await press("Send a test event");
  expect((await screen.findByRole("alert")).textContent).toMatch(/wants nothing any more/);
});

it("shows what was given up before the rest, and sends it again", async () => {
  const replayDelivery = vi.fn(() => {
    sent[1] = deliveryOf({ eventId: "webhook_dead", state: "pending", attempts: 0 });
  });
  const sent = [
    deliveryOf({ eventId: "webhook_late", recordingId: "recording_7" }),
    deliveryOf({
      ...{ eventId: "webhook_dead", type: "recording.failed", state: "dead", attempts: 10 },
      ...{ lastStatus: 500, lastError: "answered with 500" },
    }),
  ];
  show({
    endpoints: [endpointOf()],
    sent,
    more: { "webhooks/mutations:replayDelivery": replayDelivery },
  });
  await press(/^Details/);
  const dead = within(await screen.findByRole("region", { name: "Given up" }));
  expect(dead.getByText(/10 attempts, the last today, .* answered with 500$/)).toBeTruthy();
  const others = within(screen.getByRole("region", { name: "Last deliveries" }));
  expect(others.getByText("recording_7")).toBeTruthy();
  await press(/^Send again ?recording.failed of/, dead);
  expect(replayDelivery).toHaveBeenCalledWith({
    endpointId: "endpoint_1",
    eventId: "webhook_dead",
  });
  await waitFor(() => expect(screen.queryByRole("region", { name: "Given up" })).toBeNull());
});

it("shows the last ten, and all there are when asked", async () => {
  const sent = Array.from({ length: 12 }, (_, n) => deliveryOf({ eventId: `webhook_${n}` }));
  show({ endpoints: [endpointOf()], sent });
  await press(/^Details/);
  const rows = async () =>
    within(await screen.findByRole("region", { name: "Last deliveries" })).getAllByRole("listitem");
  expect(await rows()).toHaveLength(10);
  await press("Show the last 12");
  expect(await rows()).toHaveLength(12);
});

it("says that the server is away, and keeps what it showed", async () => {
  const api = show({ endpoints: [endpointOf()] });
  await screen.findByRole("heading", { name: endpointOf().url });
  act(() => api.setAway(true));
  expect(await screen.findByText(/cannot be reached/)).toBeTruthy();
  expect(screen.getByRole("heading", { name: endpointOf().url })).toBeTruthy();
});
