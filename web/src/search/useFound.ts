import { useEffect, useState } from "react";
import { functions } from "../api/functions.ts";
import { useApi } from "../api/liveContext.tsx";
import type { Found } from "../words/search.ts";

interface Answer {
  found?: Found;
  error?: unknown;
}

/** What was said like `query`; asked for anew when `attempt` is another. Nothing is asked with an empty one. */
export function useFound(query: string, attempt: number): Answer & { busy: boolean } {
  const api = useApi();
  const key = `${attempt} ${query}`;
  const [answer, setAnswer] = useState<Answer & { key: string }>();
  useEffect(() => {
    if (query === "") return;
    let isWanted = true;
    const tell = (outcome: Answer) => {
      if (isWanted) setAnswer({ key, ...outcome });
    };
    api.action(functions.transcripts.search.searchTranscripts, { query }).then(
      (found) => tell({ found }),
      (error: unknown) => tell({ error }),
    );
    return () => {
      isWanted = false;
    };
  }, [api, query, key]);
  const { found, error } = answer?.key === key ? answer : {};
  const busy = query !== "" && answer?.key !== key;
  return { busy, ...(found !== undefined && { found }), ...(error !== undefined && { error }) };
}
