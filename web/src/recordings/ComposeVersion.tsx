import type { FormEvent } from "react";
import { functions } from "../api/functions.ts";
import { useApi } from "../api/liveContext.tsx";
import { useAction } from "../api/useAction.ts";
import { Button } from "../ui/Button.tsx";
import { SelectField } from "../ui/Field.tsx";
import { RefusalNotice } from "../ui/RefusalNotice.tsx";
import { layoutWords, qualityWords, type RecordingConfig } from "../words/recordings.ts";

const soundOnly = "sound";

/** Makes another version of a recording from what was captured. */
export function ComposeVersion({ recordingId }: { recordingId: string }) {
  const api = useApi();
  const { run, busy, error } = useAction();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const config = configOf(new FormData(event.currentTarget));
    void run(async () => {
      await api.action(functions.recordings.actions.composeRecording, { recordingId, ...config });
    });
  };
  return (
    <form className="compose" onSubmit={submit}>
      <SelectField label="Another version" name="layout">
        {Object.entries(layoutWords).map(([layout, words]) => (
          <option key={layout} value={layout}>
            {words}
          </option>
        ))}
        <option value={soundOnly}>Sound only</option>
      </SelectField>
      <SelectField label="Quality" name="quality" defaultValue="720p">
        {Object.entries(qualityWords).map(([quality, words]) => (
          <option key={quality} value={quality}>
            {words}
          </option>
        ))}
      </SelectField>
      <Button type="submit" busy={busy}>
        Make it
      </Button>
      {error !== undefined && <RefusalNotice error={error} />}
    </form>
  );
}

function configOf(form: FormData): Partial<RecordingConfig> {
  const layout = form.get("layout");
  if (layout === soundOnly) return { audioOnly: true };
  return {
    layout: layout as RecordingConfig["layout"],
    quality: form.get("quality") as RecordingConfig["quality"],
  };
}
