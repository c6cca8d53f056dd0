import { functions } from "../api/functions.ts";
import { useApi } from "../api/liveContext.tsx";
import { useAction } from "../api/useAction.ts";
import { useLive } from "../api/useLive.ts";
import { Button } from "../ui/Button.tsx";
import { Notice } from "../ui/Notice.tsx";
import { RefusalNotice } from "../ui/RefusalNotice.tsx";
import { notUnderstoodWords, statusWords, transcriptWords } from "../words/transcript.ts";

export interface TranscriptStateProps {
  meetingId: string;
  recordingId: string;
  isHost: boolean;
  /** Whether there are lines. */
  hasLines: boolean;
}

/** What of a recording was not written down, and why; hosts can ask for it. */
export function TranscriptState(props: TranscriptStateProps) {
  const { meetingId, recordingId, isHost, hasLines } = props;
  const api = useApi();
  const { run, busy, error } = useAction();
  const { getTranscriptStatus } = functions.transcripts.queries;
  const asked = useLive(getTranscriptStatus, { meetingId, recordingId }).value;
  const status = asked?.recordings[0];
  if (status === undefined) return hasLines ? null : <p>{transcriptWords.nothing}</p>;
  const listen = () =>
    void run(() => api.action(functions.transcripts.actions.transcribeRecording, { recordingId }));
  const words = statusWords(status);
  const missed = notUnderstoodWords(status);
  const mayAsk = isHost && ["none", "failed", "incomplete"].includes(status.state);
  return (
    <>
      {words === undefined && !hasLines && <p>{transcriptWords.nothing}</p>}
      {words !== undefined && (
        <Notice
          action={
            mayAsk && (
              <Button small busy={busy} onClick={listen}>
                {transcriptWords.make}
              </Button>
            )
          }
        >
          {words}
        </Notice>
      )}
      {status.mixedSound === true && !["off", "unavailable", "deleted"].includes(status.state) && (
        <p>{transcriptWords.mixed}</p>
      )}
      {missed !== undefined && <p>{missed}</p>}
      {error !== undefined && <RefusalNotice error={error} />}
    </>
  );
}
