import { render } from "@testing-library/react";
import type { ReactNode } from "react";
import { Router } from "wouter";
import { memoryLocation } from "wouter/memory-location";
import type { ApiClient } from "../api/client.ts";
import { SessionStore } from "../session/session.ts";
import { SurroundingsContext } from "../session/sessionContext.tsx";
import { Toasts } from "../ui/Toast.tsx";

/** Shows a page as Ada sees it. `history` has every address gone to. */
export function renderPage(page: ReactNode, api: ApiClient, path = "/") {
  const store = new SessionStore(window.localStorage);
  store.begin({ userId: "user_ada", name: "Ada", token: "t", expiresAt: Date.now() + 60_000 });
  const { hook, history } = memoryLocation({ path, record: true });
  const view = render(
    <SurroundingsContext value={{ api, store }}>
      <Router hook={hook}>
        <Toasts>{page}</Toasts>
      </Router>
    </SurroundingsContext>,
  );
  return { ...view, store, history };
}
