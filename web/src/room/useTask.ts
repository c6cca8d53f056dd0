import { useCallback, useState } from "react";

export interface Task {
  busy: boolean;
  /** Why the newest run failed. */
  error: unknown;
  /** Runs it unless it is running already; resolves with whether it succeeded. */
  run: (work: () => Promise<unknown>) => Promise<boolean>;
  forget: () => void;
}

/** Something a person has asked for: under way, refused, or done. */
export function useTask(): Task {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const run = useCallback(async (work: () => Promise<unknown>) => {
    setBusy(true);
    setError(undefined);
    try {
      await work();
      return true;
    } catch (failure) {
      setError(failure);
      return false;
    } finally {
      setBusy(false);
    }
  }, []);
  const forget = useCallback(() => setError(undefined), []);
  return { busy, error, run, forget };
}
