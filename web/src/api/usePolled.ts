import { useCallback, useEffect, useRef, useState } from "react";
import { Poller } from "./poller.ts";

export interface Polled<T> {
  /** The newest answer; kept while later questions fail. */
  value: T | undefined;
  /** Why the newest question failed; undefined once one succeeds again. */
  error: unknown;
  /** True until the first answer or failure. */
  loading: boolean;
  /** Asks at once, e.g. after a change of one's own; resolves when the answer is shown. */
  refresh: () => Promise<void>;
}

interface Seen<T> {
  value: T | undefined;
  error: unknown;
  loading: boolean;
}

/**
 * The answer of `ask`, asked again every `intervalMs` while the page is looked at. A new `ask` (memoize it with
 * useCallback) starts over; an error or a value of the old one is not shown any more.
 * @param wanted false asks nothing
 */
export function usePolled<T>(ask: () => Promise<T>, intervalMs: number, wanted = true): Polled<T> {
  const [seen, setSeen] = useState<Seen<T>>(nothingYet);
  const poller = useRef<Poller<T>>(undefined);

  useEffect(() => {
    setSeen(nothingYet);
    if (!wanted) return;
    const mine = new Poller<T>({
      ask,
      intervalMs,
      onValue: (value) => setSeen({ value, error: undefined, loading: false }),
      onError: (error) => setSeen((last) => ({ value: last.value, error, loading: false })),
    });
    poller.current = mine;
    mine.start();
    return () => mine.stop();
  }, [ask, intervalMs, wanted]);

  const refresh = useCallback(() => poller.current?.refresh() ?? Promise.resolve(), []);
  return { ...seen, refresh };
}

const nothingYet = { value: undefined, error: undefined, loading: true } as const;
