import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App.tsx";
import { SessionStore } from "./session/session.ts";
import { fetchSignedIn } from "./signedInPages.ts";

const root = document.getElementById("root");
if (root === null) throw new Error("The page has no place for the app");

const store = new SessionStore(localStorage);
// Whoever comes for the first time is asked who they are; nothing else needs to be there for that.
// Pages that do not come are asked for again, and said to be missing, by what shows them.
if (store.current !== undefined) fetchSignedIn().catch(() => undefined);

createRoot(root).render(
  <StrictMode>
    <App surroundings={{ store }} />
  </StrictMode>,
);
