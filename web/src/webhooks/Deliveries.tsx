import { useState } from "react";
import { functions } from "../api/functions.ts";
import { useApi } from "../api/liveContext.tsx";
import { useAction } from "../api/useAction.ts";
import { useLive } from "../api/useLive.ts";
import { Badge } from "../ui/Badge.tsx";
import { Button } from "../ui/Button.tsx";
import { RefusalNotice } from "../ui/RefusalNotice.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { useToast } from "../ui/Toast.tsx";
import { Trouble } from "../ui/Trouble.tsx";
import { VisuallyHidden } from "../ui/VisuallyHidden.tsx";
import { capital, momentWords } from "../words/time.ts";
import {
  type Delivery,
  deliveryWords,
  type Endpoint,
  fateOf,
  fateWords,
} from "../words/webhooks.ts";

/** As many as the server tells at once. */
const limit = 100;
/** Of those that were not given up, shown at first. */
const shownAtFirst = 10;

/** What was sent to an endpoint and what became of it, the newest first; what was given up stands before the rest. */
export function Deliveries({ endpoint }: { endpoint: Endpoint }) {
  const { endpointId } = endpoint;
  const { listDeliveries } = functions.webhooks.queries;
  const { value, error, loading } = useLive(listDeliveries, { endpointId, limit });
  const [all, setAll] = useState(false);
  const dead = value?.filter(({ state }) => state === "dead") ?? [];
  const others = value?.filter(({ state }) => state !== "dead") ?? [];
  return (
    <>
      <Trouble error={error} />
      {loading && <Spinner label="Looking for what was sent" />}
      {value?.length === 0 && (
        <p className="soft">
          Nothing has been sent to it yet. A test event shows whether it is received.
        </p>
      )}
      <DeliveryList title="Given up" deliveries={dead} endpoint={endpoint} />
      <DeliveryList
        title="Last deliveries"
        deliveries={all ? others : others.slice(0, shownAtFirst)}
        endpoint={endpoint}
      />
      {!all && others.length > shownAtFirst && (
        <div className="row">
          <Button look="quiet" small onClick={() => setAll(true)}>
            Show the last {others.length}
          </Button>
        </div>
      )}
    </>
  );
}

interface DeliveryListProps {
  title: string;
  deliveries: Delivery[];
  endpoint: Endpoint;
}

function DeliveryList({ title, deliveries, endpoint }: DeliveryListProps) {
  if (deliveries.length === 0) return null;
  return (
    <section className="section" aria-label={title}>
      <h4>{title}</h4>
      <ul className="deliveries">
        {deliveries.map((delivery) => (
          <DeliveryRow key={delivery.eventId} delivery={delivery} endpoint={endpoint} />
        ))}
      </ul>
    </section>
  );
}

const tones = {
  delivered: "good",
  dead: "bad",
  waiting: "plain",
  failing: "warn",
  sending: "plain",
} as const;

function DeliveryRow({ delivery, endpoint }: { delivery: Delivery; endpoint: Endpoint }) {
  const { type, createdAt, eventId, recordingId, meetingId } = delivery;
  const { enabled } = endpoint;
  const fate = fateOf(delivery, enabled);
  const now = Date.now();
  const when = momentWords(createdAt, now);
  return (
    <li className="deliveries__delivery">
      <div className="card__main">
        <p className="card__meta">
          <span className="deliveries__type">{type}</span>
          <Badge tone={tones[fate]}>{fateWords[fate]}</Badge>
        </p>
        <p className="soft small anyLength">
          {[capital(when), deliveryWords(delivery, enabled, now)].filter(Boolean).join(" · ")}
        </p>
        <p className="soft small anyLength">{recordingId ?? meetingId ?? eventId}</p>
      </div>
      {enabled && (
        <Replay endpointId={endpoint.endpointId} eventId={eventId} what={`${type} of ${when}`} />
      )}
    </li>
  );
}

interface ReplayProps {
  endpointId: string;
  eventId: string;
  /** For screen readers. */
  what: string;
}

function Replay({ endpointId, eventId, what }: ReplayProps) {
  const api = useApi();
  const say = useToast();
  const { run, busy, error } = useAction();
  const replay = () =>
    void run(async () => {
      await api.mutation(functions.webhooks.mutations.replayDelivery, { endpointId, eventId });
      say("Being sent again");
    });
  return (
    <>
      <Button small busy={busy} onClick={replay}>
        Send again<VisuallyHidden> {what}</VisuallyHidden>
      </Button>
      {error !== undefined && <RefusalNotice error={error} />}
    </>
  );
}
