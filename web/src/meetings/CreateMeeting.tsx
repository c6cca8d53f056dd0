import { type FormEvent, useState } from "react";
import { ApiError } from "../api/apiError.ts";
import { functions } from "../api/functions.ts";
import { useApi } from "../api/liveContext.tsx";
import { useAction } from "../api/useAction.ts";
import { Button } from "../ui/Button.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { Field, SelectField } from "../ui/Field.tsx";
import { RefusalNotice } from "../ui/RefusalNotice.tsx";
import { fieldError } from "../words/refusals.ts";

const sizes = [2, 3, 4, 6, 8, 10, 20];
const fields = ["title", "maxParticipants", "scheduledAt"];

export interface CreateMeetingProps {
  onClose: () => void;
  /** The meeting is there, and running when that was wanted. */
  onCreated: (meetingId: string, started: boolean) => void;
}

/** Asks for a new meeting: a title, how many people, now or at a time. */
export function CreateMeeting({ onClose, onCreated }: CreateMeetingProps) {
  const { submit, busy, error } = useCreate(onCreated);
  const [later, setLater] = useState(false);
  const problem = (field: string) => fieldError(error, field);
  return (
    <Dialog title="New meeting" onClose={onClose}>
      <form className="stack" onSubmit={submit} noValidate>
        <Field label="Title" name="title" maxLength={200} error={problem("title")} autoFocus />
        <SelectField
          label="People at most"
          name="maxParticipants"
          error={problem("maxParticipants")}
        >
          <option value="">As many as usual</option>
          {sizes.map((size) => (
            <option key={size}>{size}</option>
          ))}
        </SelectField>
        <SelectField label="When" onChange={(event) => setLater(event.target.value === "later")}>
          <option value="now">Now</option>
          <option value="later">At a time</option>
        </SelectField>
        {later && (
          <Field
            label="Begins"
            name="scheduledAt"
            type="datetime-local"
            error={problem("scheduledAt")}
          />
        )}
        {error !== undefined && !fields.some(problem) && <RefusalNotice error={error} />}
        <div className="dialog__actions">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={busy}>
            {later ? "Schedule meeting" : "Start meeting"}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function useCreate(onCreated: CreateMeetingProps["onCreated"]) {
  const api = useApi();
  const { run, busy, error } = useAction();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const time = form.get("scheduledAt");
    const size = Number(form.get("maxParticipants"));
    void run(async () => {
      const { meetingId } = await api.mutation(functions.meetings.lifecycle.createMeeting, {
        title: String(form.get("title")),
        ...(size === 0 ? {} : { maxParticipants: size }),
        ...(time === null ? {} : { scheduledAt: momentOf(String(time)) }),
      });
      if (time === null)
        await api.mutation(functions.meetings.lifecycle.startMeeting, { meetingId });
      onCreated(meetingId, time === null);
    });
  };
  return { submit, busy, error };
}

/** @param time local, as `datetime-local` has it. @throws ApiError when it is none */
function momentOf(time: string): number {
  const moment = new Date(time).getTime();
  if (!Number.isNaN(moment)) return moment;
  throw new ApiError("VALIDATION_ERROR", "Say when it begins", 400, { field: "scheduledAt" });
}
