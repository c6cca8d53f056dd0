import { useCallback, useRef, useState } from "react";

export interface Action {
  /** Runs unless something is running already. @returns whether it succeeded */
  run: (work: () => Promise<unknown>) => Promise<boolean>;
  busy: boolean;
  /** Why the last run failed; gone when the next begins. */
  error: unknown;
  forget: () => void;
}

/** What a person sets going: one at a time, with its failure kept to be shown. */
export function useAction(): Action {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const running = useRef(false);
  const run = useCallback(async (work: () => Promise<unknown>) => {
    if (running.current) return false;
    running.current = true;
    setBusy(true);
    setError(undefined);
    try {
      await work();
      return true;
    } catch (failure) {
      setError(failure);
      return false;
    } finally {
      running.current = false;
      setBusy(false);
    }
  }, []);
  const forget = useCallback(() => setError(undefined), []);
  return { run, busy, error, forget };
}
