import { createContext, useContext, useSyncExternalStore } from "react";
import type { Session, SessionStore } from "./session.ts";

/** What every page works with. */
export interface Surroundings {
  store: SessionStore;
}

export const SurroundingsContext = createContext<Surroundings | undefined>(undefined);

export function useSurroundings(): Surroundings {
  const surroundings = useContext(SurroundingsContext);
  if (surroundings === undefined)
    throw new Error("There are no surroundings around this component");
  return surroundings;
}

/** Who is signed in, or undefined; renders again when that changes, also in another tab. */
export function useSession(): Session | undefined {
  const { store } = useSurroundings();
  return useSyncExternalStore(store.subscribe, () => store.current);
}
