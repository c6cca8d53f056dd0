import { useEffect, useRef, useState } from "react";
import { type Announced, announcements } from "./announcements.ts";

/** Read out, politely: who comes and goes, and what happens to the recording. */
export function Announcer({ state, ready }: { state: Announced; ready: boolean }) {
  const last = useRef<Announced>(undefined);
  const [words, setWords] = useState("");
  useEffect(() => {
    // While there is no connection nobody is known to have gone.
    if (!ready) return;
    const told = last.current === undefined ? [] : announcements(last.current, state);
    last.current = state;
    if (told.length > 0) setWords(told.join(" "));
  }, [state, ready]);
  return (
    <p className="announcer" role="log" aria-live="polite" aria-label="What happens">
      {words}
    </p>
  );
}
