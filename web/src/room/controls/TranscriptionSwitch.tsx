import { functions } from "../../api/functions.ts";
import { useAction } from "../../api/useAction.ts";
import { RefusalNotice } from "../../ui/RefusalNotice.tsx";
import { transcriptWords } from "../../words/transcript.ts";
import { useRoom } from "../state/roomContext.ts";

/** For hosts: whether what everybody says is written down. */
export function TranscriptionSwitch() {
  const { context, meeting } = useRoom();
  const { run, error } = useAction();
  const { transcription, transcriptionEnabled, userRole } = meeting;
  // Where it is wanted and not done, the server or the plan has none.
  if (userRole !== "host" || (transcriptionEnabled === true && transcription !== true)) return null;
  const turn = (enabled: boolean) => {
    const { setTranscriptionEnabled } = functions.transcripts.mutations;
    const { api, meetingId } = context;
    return run(() => api.mutation(setTranscriptionEnabled, { meetingId, enabled }));
  };
  return (
    <>
      <label className="checkbox">
        <input
          type="checkbox"
          checked={transcriptionEnabled === true}
          onChange={({ target }) => void turn(target.checked)}
        />
        {transcriptWords.setting}
      </label>
      {error !== undefined && <RefusalNotice error={error} />}
    </>
  );
}
