import { useState } from "react";
import { functions } from "../api/functions.ts";
import { useApi } from "../api/liveContext.tsx";
import { useAction } from "../api/useAction.ts";
import { Button } from "../ui/Button.tsx";
import { Confirm } from "../ui/Confirm.tsx";
import { RefusalNotice } from "../ui/RefusalNotice.tsx";
import { useToast } from "../ui/Toast.tsx";
import { momentWords } from "../words/time.ts";
import type { Endpoint } from "../words/webhooks.ts";
import { EndpointDialog } from "./EndpointDialog.tsx";
import type { Secret } from "./NewSecret.tsx";

export interface EndpointActionsProps {
  endpoint: Endpoint;
  onSecret: (secret: Secret) => void;
}

type Asking = "change" | "rotate" | "off" | "delete";

/** What can be done with an endpoint. */
export function EndpointActions({ endpoint, onSecret }: EndpointActionsProps) {
  const { endpointId, enabled } = endpoint;
  const api = useApi();
  const say = useToast();
  const { run, busy, error } = useAction();
  const [asking, setAsking] = useState<Asking>();
  const test = () =>
    void run(async () => {
      await api.mutation(functions.webhooks.mutations.sendTestEvent, { endpointId });
      say("A test event is on its way");
    });
  const done = (words?: string) => {
    setAsking(undefined);
    if (words !== undefined) say(words);
  };
  return (
    <>
      <div className="row">
        {enabled && (
          <Button small busy={busy} onClick={test}>
            Send a test event
          </Button>
        )}
        <Button small onClick={() => setAsking("change")}>
          Change
        </Button>
        <Button small onClick={() => setAsking("rotate")}>
          New secret
        </Button>
        {enabled && (
          <Button small onClick={() => setAsking("off")}>
            Switch off
          </Button>
        )}
        <Button look="quietDanger" small onClick={() => setAsking("delete")}>
          Delete
        </Button>
      </div>
      {error !== undefined && <RefusalNotice error={error} />}
      {asking !== undefined && <Question {...{ asking, endpoint, onSecret, done }} />}
    </>
  );
}

interface QuestionProps extends EndpointActionsProps {
  asking: Asking;
  /** Closes it; with words when something was done. */
  done: (words?: string) => void;
}

/** Asks before something is done to an endpoint, and does it. */
function Question({ asking, endpoint, onSecret, done }: QuestionProps) {
  const { endpointId, url, previousSecretUntil } = endpoint;
  const api = useApi();
  const { updateEndpoint, rotateSecret, deleteEndpoint } = functions.webhooks.mutations;
  const close = () => done();
  switch (asking) {
    case "change":
      return (
        <EndpointDialog
          title="Change the endpoint"
          verb="Save"
          endpoint={endpoint}
          onSave={async (draft) => {
            await api.mutation(updateEndpoint, { endpointId, ...draft });
            done("Endpoint changed");
          }}
          onClose={close}
        />
      );
    case "rotate":
      return (
        <Confirm
          title="Make a new secret?"
          verb="Make a new secret"
          onConfirm={async () => {
            onSecret(await api.mutation(rotateSecret, { endpointId }));
            done();
          }}
          onClose={close}
        >
          For 24 hours every message is signed with the present secret and with the new one; from
          then on with the new one alone. {olderSecretWords(previousSecretUntil, Date.now())}
        </Confirm>
      );
    case "off":
      return (
        <Confirm
          title="Switch this endpoint off?"
          verb="Switch off"
          onConfirm={async () => {
            await api.mutation(updateEndpoint, { endpointId, enabled: false });
            done("Switched off");
          }}
          onClose={close}
        >
          Nothing is sent to {url} any more. What is on its way to it waits until it is switched on
          again; what happens meanwhile is not kept for it.
        </Confirm>
      );
    case "delete":
      return (
        <Confirm
          title="Delete this endpoint?"
          verb="Delete"
          onConfirm={async () => {
            await api.mutation(deleteEndpoint, { endpointId });
            done("Endpoint deleted");
          }}
          onClose={close}
        >
          {url} is told of nothing any more. Its secret and what is on its way to it are deleted.
          This cannot be undone.
        </Confirm>
      );
    default:
      return asking satisfies never;
  }
}

/** What becomes of a secret that still signs from the last time; nothing where there is none. */
function olderSecretWords(until: number | undefined, now: number): string {
  if (until === undefined || until <= now) return "";
  return `The secret before the present one, which would sign until ${momentWords(until, now)}, signs no more at once.`;
}
