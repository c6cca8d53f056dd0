import type { FormEvent } from "react";
import { ApiError } from "../api/apiError.ts";
import { useAction } from "../api/useAction.ts";
import { Button } from "../ui/Button.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { Field } from "../ui/Field.tsx";
import { RefusalNotice } from "../ui/RefusalNotice.tsx";
import { fieldError } from "../words/refusals.ts";
import type { Endpoint, EventType } from "../words/webhooks.ts";
import { chosenTypes, EventChoice } from "./EventChoice.tsx";

/** What a person can say of an endpoint. */
export interface EndpointDraft {
  url: string;
  description: string;
  /** Empty = all of them. */
  eventTypes: EventType[];
}

export interface EndpointDialogProps {
  title: string;
  /** On the button. */
  verb: string;
  /** What is filled in at first. */
  endpoint?: Endpoint;
  onSave: (draft: EndpointDraft) => Promise<void>;
  onClose: () => void;
}

const fields = ["url", "description", "eventTypes"];

/** Asks for what there is to say of an endpoint, and says beside each field what is wrong with it. */
export function EndpointDialog({ title, verb, endpoint, onSave, onClose }: EndpointDialogProps) {
  const { run, busy, error } = useAction();
  const problem = (field: string) => fieldError(error, field);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    void run(async () => onSave(draftOf(form)));
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form className="stack" onSubmit={submit} noValidate>
        <Field
          label="URL"
          name="url"
          type="url"
          defaultValue={endpoint?.url}
          hint="An https address at port 443, such as https://hooks.example.org/connvo"
          error={problem("url")}
          autoComplete="off"
          spellCheck={false}
          autoFocus
        />
        <Field
          label="Description"
          name="description"
          defaultValue={endpoint?.description}
          hint="What it is for; may be left empty"
          error={problem("description")}
          autoComplete="off"
        />
        <EventChoice chosen={endpoint?.eventTypes ?? []} error={problem("eventTypes")} />
        {error !== undefined && !fields.some(problem) && <RefusalNotice error={error} />}
        <div className="dialog__actions">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={busy}>
            {verb}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** @throws ApiError when nothing would ever be sent */
function draftOf(form: FormData): EndpointDraft {
  const eventTypes = chosenTypes(form);
  if (eventTypes === undefined)
    throw new ApiError("VALIDATION_ERROR", "Choose at least one event", 400, {
      field: "eventTypes",
    });
  const textOf = (name: string) => String(form.get(name)).trim();
  return { url: textOf("url"), description: textOf("description"), eventTypes };
}
