import { useRef, useState } from "react";
import { functions } from "../api/functions.ts";
import { useApi } from "../api/liveContext.tsx";
import { useAction } from "../api/useAction.ts";
import { Badge } from "../ui/Badge.tsx";
import { Button } from "../ui/Button.tsx";
import { Notice } from "../ui/Notice.tsx";
import { RefusalNotice } from "../ui/RefusalNotice.tsx";
import { VisuallyHidden } from "../ui/VisuallyHidden.tsx";
import { momentWords } from "../words/time.ts";
import { type Endpoint, offWords, toldWords } from "../words/webhooks.ts";
import { Deliveries } from "./Deliveries.tsx";
import { EndpointActions } from "./EndpointActions.tsx";
import { NewSecret, type Secret } from "./NewSecret.tsx";

export interface EndpointCardProps {
  endpoint: Endpoint;
  /** Its new secret, until that was kept. */
  secret: Secret | undefined;
  /** There is a new one, or it was kept. */
  onSecret: (secret: Secret | undefined) => void;
}

/** One endpoint: what it is told of and how it fares; opened, what was sent to it and what can be done with it. */
export function EndpointCard({ endpoint, secret, onSecret }: EndpointCardProps) {
  const { url, description, enabled, previousSecretUntil } = endpoint;
  const title = useRef<HTMLHeadingElement>(null);
  const [opened, setOpened] = useState<boolean>();
  // Whoever has a new secret tries it out next.
  const open = opened ?? secret !== undefined;
  const keepSecret = () => {
    setOpened(open);
    onSecret(undefined);
    title.current?.focus();
  };
  const now = Date.now();
  return (
    <li className="card endpoint">
      <div className="card__main">
        <h3 ref={title} className="card__title endpoint__url" tabIndex={-1}>
          {url}
        </h3>
        {description !== undefined && <p className="anyLength">{description}</p>}
        <p className="card__meta">
          {enabled ? <Badge tone="good">On</Badge> : <Badge tone="warn">Off</Badge>}
          <span className="anyLength">{toldWords(endpoint)}</span>
          {previousSecretUntil !== undefined && previousSecretUntil > now && (
            <span>Signed with two secrets until {momentWords(previousSecretUntil, now)}</span>
          )}
        </p>
      </div>
      <div className="card__actions">
        <Button look="quiet" aria-expanded={open} onClick={() => setOpened(!open)}>
          Details<VisuallyHidden> of {url}</VisuallyHidden>
        </Button>
      </div>
      <Off endpoint={endpoint} />
      {secret !== undefined && <NewSecret {...secret} onKept={keepSecret} />}
      {open && (
        <div className="card__more">
          <EndpointActions endpoint={endpoint} onSecret={onSecret} />
          <Deliveries endpoint={endpoint} />
        </div>
      )}
    </li>
  );
}

/** Says why an endpoint is off, and switches it on. */
function Off({ endpoint }: { endpoint: Endpoint }) {
  const api = useApi();
  const { run, busy, error } = useAction();
  const words = offWords(endpoint);
  if (words === undefined) return null;
  const { endpointId, url } = endpoint;
  const { updateEndpoint } = functions.webhooks.mutations;
  const switchOn = () =>
    void run(() => api.mutation(updateEndpoint, { endpointId, enabled: true }));
  return (
    <>
      <Notice
        tone="warn"
        action={
          <Button small busy={busy} onClick={switchOn}>
            Switch on<VisuallyHidden> {url}</VisuallyHidden>
          </Button>
        }
      >
        {words}
      </Notice>
      {error !== undefined && <RefusalNotice error={error} />}
    </>
  );
}
