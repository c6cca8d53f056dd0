import { render } from "@testing-library/react";
import type { ReactNode } from "react";
import { Router } from "wouter";
import { memoryLocation } from "wouter/memory-location";
import type { Connection } from "../api/client.ts";
import { Connected } from "../api/liveContext.tsx";
import { SessionStore } from "../session/session.ts";
import { SurroundingsContext } from "../session/sessionContext.tsx";
import { Toasts } from "../ui/Toast.tsx";

/** Shows a page as Ada sees it. `history` has every address gone to. */
export function renderPage(page: ReactNode, api: Connection, path = "/") {
  const store = new SessionStore(window.localStorage);
  store.begin({ userId: "user_ada", name: "Ada", token: "t", expiresAt: Date.now() + 60_000 });
  const [pathname = "/", searchPath = ""] = path.split("?");
  const { hook, searchHook, history } = memoryLocation({
    ...{ path: pathname, searchPath, record: true },
  });
  const view = render(
    <SurroundingsContext value={{ store }}>
      <Connected connection={api}>
        <Router hook={hook} searchHook={searchHook}>
          <Toasts>{page}</Toasts>
        </Router>
      </Connected>
    </SurroundingsContext>,
  );
  return { ...view, store, history };
}
