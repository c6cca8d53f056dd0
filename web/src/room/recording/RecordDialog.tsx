import { type FormEvent, useState } from "react";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { SelectField } from "../../ui/Field.tsx";
import { RefusalNotice } from "../../ui/RefusalNotice.tsx";

export interface RecordChoice {
  quality: "360p" | "720p" | "1080p";
  layout: "grid" | "spotlight" | "single-participant";
  audioOnly: boolean;
}

const qualities = {
  "360p": "360p: small files",
  "720p": "720p: good for most meetings",
  "1080p": "1080p: large files, sharp text",
} as const;
const layouts = {
  grid: "Grid: everybody, the same size",
  spotlight: "Spotlight: who speaks is large, the others beside",
  "single-participant": "One at a time: only who speaks",
} as const;

export interface RecordDialogProps {
  /** What is said will be written down. */
  transcribed: boolean;
  onStart: (choice: RecordChoice) => void;
  onClose: () => void;
  busy: boolean;
  error: unknown;
}

/** How to record, asked before it starts. */
export function RecordDialog({ transcribed, onStart, onClose, busy, error }: RecordDialogProps) {
  const [choice, setChoice] = useState<RecordChoice>({
    quality: "720p",
    layout: "grid",
    audioOnly: false,
  });
  const change = (part: Partial<RecordChoice>) => setChoice((last) => ({ ...last, ...part }));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!busy) onStart(choice);
  };
  return (
    <Dialog title="Record this meeting" onClose={onClose}>
      <form className="recordForm" onSubmit={submit}>
        <p>
          Everybody in the meeting sees that it is recorded, and who started it.
          {transcribed && " What is said is written down, for everybody in the meeting to read."}
        </p>
        <SelectField
          label="Quality"
          value={choice.quality}
          disabled={choice.audioOnly}
          onChange={({ target }) => change({ quality: keyOf(qualities, target.value) })}
        >
          {optionsOf(qualities)}
        </SelectField>
        <SelectField
          label="Layout"
          value={choice.layout}
          disabled={choice.audioOnly}
          onChange={({ target }) => change({ layout: keyOf(layouts, target.value) })}
        >
          {optionsOf(layouts)}
        </SelectField>
        <label className="checkbox">
          <input
            type="checkbox"
            checked={choice.audioOnly}
            onChange={({ target }) => change({ audioOnly: target.checked })}
          />
          Sound only
        </label>
        {error !== undefined && <RefusalNotice error={error} />}
        <div className="dialog__actions">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={busy}>
            Start recording
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function optionsOf(choices: Readonly<Record<string, string>>) {
  return Object.entries(choices).map(([value, words]) => (
    <option key={value} value={value}>
      {words}
    </option>
  ));
}

function keyOf<K extends string>(choices: Readonly<Record<K, string>>, value: string): K {
  const known = Object.keys(choices) as K[];
  const found = known.find((key) => key === value) ?? known[0];
  if (found === undefined) throw new Error("there is no choice");
  return found;
}
