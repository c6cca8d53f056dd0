import { useState } from "react";
import { functions } from "../api/functions.ts";
import { useApi } from "../api/liveContext.tsx";
import { Button } from "../ui/Button.tsx";
import { Confirm } from "../ui/Confirm.tsx";
import { transcriptWords } from "../words/transcript.ts";

export interface DeleteLinesProps {
  meetingId: string;
  recordingId: string;
  isHost: boolean;
  /** Whether the person has said any of it. */
  hasSpoken: boolean;
}

/** What was said can be taken back: by each what they said, by hosts all of it. */
export function DeleteLines({ meetingId, recordingId, isHost, hasSpoken }: DeleteLinesProps) {
  const api = useApi();
  const [asking, setAsking] = useState<"own" | "all">();
  const close = () => setAsking(undefined);
  const { deleteSpeakerLines, deleteTranscript } = functions.transcripts.mutations;
  return (
    <>
      {hasSpoken && (
        <Button small look="quietDanger" onClick={() => setAsking("own")}>
          {transcriptWords.removeOwn}
        </Button>
      )}
      {isHost && (
        <Button small look="quietDanger" onClick={() => setAsking("all")}>
          {transcriptWords.removeAll}
        </Button>
      )}
      {asking === "own" && (
        <Confirm
          title={transcriptWords.removeOwnTitle}
          verb={transcriptWords.removeOwn}
          onClose={close}
          onConfirm={async () => {
            await api.mutation(deleteSpeakerLines, { meetingId });
            close();
          }}
        >
          {transcriptWords.removeOwnText}
        </Confirm>
      )}
      {asking === "all" && (
        <Confirm
          title={transcriptWords.removeAllTitle}
          verb={transcriptWords.removeAll}
          onClose={close}
          onConfirm={async () => {
            await api.mutation(deleteTranscript, { meetingId, recordingId });
            close();
          }}
        >
          {transcriptWords.removeAllText}
        </Confirm>
      )}
    </>
  );
}
