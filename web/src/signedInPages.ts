import { type ComponentType, useEffect, useState } from "react";
import type { Session } from "./session/session.ts";

type SignedInPages = ComponentType<{ session: Session }>;

let fetched: SignedInPages | undefined;

/** Fetches the pages of who is signed in. */
export async function fetchSignedIn(): Promise<SignedInPages> {
  const { SignedIn } = await import("./SignedIn.tsx");
  fetched = SignedIn;
  return SignedIn;
}

/**
 * Those pages; undefined while they are on their way. Not React's `lazy`, which shows what has come only a third of a second
 * after what stood in its place.
 * @throws what keeps them from coming, for the nearest `Breakage`
 */
export function useSignedInPages(): SignedInPages | undefined {
  const [outcome, setOutcome] = useState<{ pages?: SignedInPages | undefined; error?: unknown }>(
    () => ({ pages: fetched }),
  );
  const { pages, error } = outcome;
  useEffect(() => {
    if (pages !== undefined) return;
    fetchSignedIn().then(
      (come) => setOutcome({ pages: come }),
      (reason: unknown) => setOutcome({ error: reason }),
    );
  }, [pages]);
  if (error !== undefined) throw error;
  return pages;
}
