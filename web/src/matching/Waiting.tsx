import { functions } from "../api/functions.ts";
import { useApi } from "../api/liveContext.tsx";
import { useAction } from "../api/useAction.ts";
import { Button } from "../ui/Button.tsx";
import { RefusalNotice } from "../ui/RefusalNotice.tsx";
import { placeSentences, type QueueStatus, timesWords } from "../words/matching.ts";
import { capital } from "../words/time.ts";

/** Tells somebody who waits how it stands, and lets them leave. */
export function Waiting({ status }: { status: QueueStatus }) {
  const api = useApi();
  const { run, busy, error } = useAction();
  const { _id, availableFrom, availableTo } = status;
  const leave = () =>
    void run(() => api.mutation(functions.matching.queue.cancelQueueEntry, { queueId: _id }));
  return (
    <section className="panel stack" aria-label="You are waiting">
      <h2>Looking for somebody</h2>
      <p>
        {capital(timesWords(availableFrom, availableTo, Date.now()))}. You may leave this page; who
        is found appears here and among your meetings.
      </p>
      <div role="status">
        {placeSentences(status).map((sentence) => (
          <p key={sentence}>{sentence}</p>
        ))}
      </div>
      {error !== undefined && <RefusalNotice error={error} />}
      <div className="row">
        <Button busy={busy} onClick={leave}>
          Stop waiting
        </Button>
      </div>
    </section>
  );
}
