import { type ReactNode, useEffect, useState } from "react";
import { explain, retryWords } from "../words/refusals.ts";
import { Notice } from "./Notice.tsx";

/** Why something was refused, in words, with a countdown where it can be tried again later. */
export function RefusalNotice({ error, action }: { error: unknown; action?: ReactNode }) {
  const { text, retryAfterMs } = explain(error);
  return (
    <Notice tone="bad" action={action}>
      {text}{" "}
      {retryAfterMs !== undefined && <Countdown key={text} error={error} ms={retryAfterMs} />}
    </Notice>
  );
}

/** Counts for the eye; a screen reader hears the first and the last figure only. */
function Countdown({ error, ms }: { error: unknown; ms: number }) {
  const left = useSecondsLeft(error, ms);
  return left > 0 ? <span aria-live="off">{retryWords(left)}</span> : <span>{retryWords(0)}</span>;
}

/** Whole seconds until `ms` after `since` came to be, counted down to 0. */
export function useSecondsLeft(since: unknown, ms: number): number {
  const [left, setLeft] = useState(Math.ceil(ms / 1000));
  // biome-ignore lint/correctness/useExhaustiveDependencies: the same wait of a new refusal starts over
  useEffect(() => {
    const due = performance.now() + ms;
    const show = () => setLeft(Math.max(0, Math.ceil((due - performance.now()) / 1000)));
    show();
    const timer = setInterval(show, 250);
    return () => clearInterval(timer);
  }, [since, ms]);
  return left;
}
