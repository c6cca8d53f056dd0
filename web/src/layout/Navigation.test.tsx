import { act, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { administeredOrg } from "../../../src/auth/orgAdmin.ts";
import { fakeApi } from "../testing/fakeApi.ts";
import { renderPage } from "../testing/renderPage.tsx";
import { Navigation } from "./Navigation.tsx";

it.each([
  {},
  { orgId: "org_1" },
  { orgId: "org_1", orgRole: "member" },
  { orgRole: "admin" },
  { orgId: "org_1", orgRole: "admin" },
])("leads %j to the webhooks if the server lets them in", async (user) => {
  const getCurrentUser = vi.fn(() => user);
  renderPage(<Navigation />, fakeApi({ "users/queries:getCurrentUser": getCurrentUser }));
  // The answer is in, and shown.
  await act(async () => undefined);
  expect(getCurrentUser).toHaveBeenCalledOnce();
  const isLetIn = administeredOrg(user as Parameters<typeof administeredOrg>[0], undefined).ok;
  expect(screen.queryAllByRole("link", { name: "Webhooks" })).toHaveLength(isLetIn ? 1 : 0);
});

it("says where one is", async () => {
  const user = { orgId: "org_1", orgRole: "admin" };
  const api = fakeApi({ "users/queries:getCurrentUser": () => user });
  renderPage(<Navigation />, api, "/webhooks");
  const link = await screen.findByRole("link", { name: "Webhooks" });
  expect(link.getAttribute("aria-current")).toBe("page");
});
