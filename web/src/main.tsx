import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App.tsx";
import { createClient } from "./api/client.ts";
import { SessionStore } from "./session/session.ts";

const root = document.getElementById("root");
if (root === null) throw new Error("The page has no place for the app");

const store = new SessionStore(localStorage);
const api = createClient({
  baseUrl: location.origin,
  token: store.token,
  onSignedOut: () => store.end({ ranOut: true }),
});

createRoot(root).render(
  <StrictMode>
    <App surroundings={{ api, store }} />
  </StrictMode>,
);
