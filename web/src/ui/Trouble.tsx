import { type ReactNode, useEffect, useRef } from "react";
import { ApiError } from "../api/apiError.ts";
import { explain } from "../words/refusals.ts";
import { Notice } from "./Notice.tsx";
import { RefusalNotice } from "./RefusalNotice.tsx";
import { useToast } from "./Toast.tsx";

/**
 * What is the matter with something that is asked for again and again. An outage is no one's fault and mends itself, so
 * it is said calmly, and its end is said too.
 */
export function Trouble({ error, action }: { error: unknown; action?: ReactNode }) {
  const isOutage = error instanceof ApiError && error.isOutage;
  const say = useToast();
  const wasOut = useRef(false);
  useEffect(() => {
    if (wasOut.current && error === undefined) say("The server is back");
    wasOut.current = isOutage;
  }, [isOutage, error, say]);
  if (error === undefined) return null;
  return isOutage ? (
    <Notice tone="warn">{explain(error).text}</Notice>
  ) : (
    <RefusalNotice error={error} action={action} />
  );
}
