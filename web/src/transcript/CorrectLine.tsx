import { type FormEvent, useState } from "react";
import { functions } from "../api/functions.ts";
import { useApi } from "../api/liveContext.tsx";
import { useAction } from "../api/useAction.ts";
import { useLive } from "../api/useLive.ts";
import { Button } from "../ui/Button.tsx";
import { RefusalNotice } from "../ui/RefusalNotice.tsx";
import { transcriptWords } from "../words/transcript.ts";
import type { PlacedLine } from "./placedLines.ts";

/** Longest text of a line, as the server takes it. */
const maxCharacters = 10_000;

/** A line whose text can be changed, with what it was heard as. */
export function CorrectLine({
  meetingId,
  line: { id: lineId, text, isCorrected },
  onClose,
}: {
  meetingId: string;
  line: PlacedLine;
  onClose: () => void;
}) {
  const api = useApi();
  const { run, busy, error } = useAction();
  const [wanted, setWanted] = useState(text);
  const { getLineCorrections } = functions.transcripts.queries;
  const known = useLive(getLineCorrections, isCorrected ? { meetingId, lineId } : "skip").value;
  const save = async (event: FormEvent) => {
    event.preventDefault();
    const { correctLine } = functions.transcripts.mutations;
    const correction = { meetingId, lineId, text: wanted.trim() };
    if (await run(() => api.mutation(correctLine, correction))) onClose();
  };
  return (
    <form className="transcript__correction" onSubmit={(event) => void save(event)}>
      <textarea
        // biome-ignore lint/a11y/noAutofocus: it takes the place of what was pressed
        autoFocus
        aria-label={transcriptWords.text}
        value={wanted}
        maxLength={maxCharacters}
        onChange={({ target }) => setWanted(target.value)}
      />
      {known !== undefined && (
        <p>
          {transcriptWords.original}: <q>{known.original}</q>
        </p>
      )}
      {error !== undefined && <RefusalNotice error={error} />}
      <div className="row">
        <Button small onClick={onClose}>
          {transcriptWords.goBack}
        </Button>
        <Button small look="primary" type="submit" busy={busy} disabled={wanted.trim() === ""}>
          {transcriptWords.save}
        </Button>
      </div>
    </form>
  );
}
