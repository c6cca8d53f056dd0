import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App.tsx";
import { SessionStore } from "./session/session.ts";

const root = document.getElementById("root");
if (root === null) throw new Error("The page has no place for the app");

const store = new SessionStore(localStorage);

createRoot(root).render(
  <StrictMode>
    <App surroundings={{ store }} />
  </StrictMode>,
);
