import { useEffect, useRef, useState } from "react";

/** A suggestion is for the moment it was made in, ms. */
const freshMs = 120_000;

interface Prompt {
  _id: string;
  content: string;
  feedback?: string;
}

/**
 * The newest suggestion that came while one was here, for two minutes, unless somebody has answered it. Clocks of browsers are not
 * the server's: what is there at first counts as old.
 * @param prompts the newest first
 */
export function useFresh<P extends Prompt>(
  prompts: readonly P[] | undefined,
): { fresh: P | undefined; forget: () => void } {
  const known = useRef<Set<string>>(undefined);
  const [shownId, setShownId] = useState<string>();
  useEffect(() => {
    if (prompts === undefined) return;
    const before = known.current;
    known.current = new Set(prompts.map(({ _id }) => _id));
    const added = before && prompts.find(({ _id }) => !before.has(_id));
    if (added) setShownId(added._id);
  }, [prompts]);
  useEffect(() => {
    if (shownId === undefined) return;
    const timer = setTimeout(() => setShownId(undefined), freshMs);
    return () => clearTimeout(timer);
  }, [shownId]);
  const fresh = prompts?.find(({ _id, feedback }) => _id === shownId && feedback === undefined);
  return { fresh, forget: () => setShownId(undefined) };
}
