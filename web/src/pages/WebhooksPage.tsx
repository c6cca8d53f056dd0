import { useState } from "react";
import { Link } from "wouter";
import { ApiError } from "../api/apiError.ts";
import { functions } from "../api/functions.ts";
import { useApi } from "../api/liveContext.tsx";
import { useLive } from "../api/useLive.ts";
import { Button } from "../ui/Button.tsx";
import { Notice } from "../ui/Notice.tsx";
import { Page } from "../ui/Page.tsx";
import { Skeleton } from "../ui/Skeleton.tsx";
import { Trouble } from "../ui/Trouble.tsx";
import { EndpointCard } from "../webhooks/EndpointCard.tsx";
import { EndpointDialog, type EndpointDraft } from "../webhooks/EndpointDialog.tsx";
import type { Secret } from "../webhooks/NewSecret.tsx";
import { explain } from "../words/refusals.ts";
import type { Endpoint } from "../words/webhooks.ts";
import "../webhooks/webhooks.css";

/** Where systems of the person's organisation are told what happens; for its administrators. */
export function WebhooksPage() {
  const { value, error, loading } = useLive(functions.webhooks.queries.listEndpoints, {});
  const [adding, setAdding] = useState(false);
  const { secretOf, setSecret } = useSecrets();
  const api = useApi();
  const add = async (draft: EndpointDraft) => {
    const { createEndpoint } = functions.webhooks.mutations;
    const { endpointId, secret } = await api.mutation(createEndpoint, draft);
    setSecret(endpointId, { secret });
    setAdding(false);
  };
  const isRefused = isForOthers(error);
  const endpoints = isRefused ? undefined : value;
  return (
    <Page
      title="Webhooks"
      trail={
        <nav className="trail" aria-label="Where you are">
          <Link href="/">← My meetings</Link>
        </nav>
      }
      actions={
        endpoints !== undefined && (
          <Button look="primary" onClick={() => setAdding(true)}>
            Add an endpoint
          </Button>
        )
      }
    >
      {isRefused ? <Notice>{explain(error).text}</Notice> : <Trouble error={error} />}
      {loading && <Skeleton rows={2} label="The endpoints are being fetched" />}
      {endpoints?.length === 0 && <Empty />}
      {endpoints !== undefined && endpoints.length > 0 && (
        <section className="section" aria-label="Endpoints">
          <h2>Endpoints</h2>
          <ul className="cards">
            {endpoints.map((endpoint) => (
              <EndpointCard
                key={endpoint.endpointId}
                endpoint={endpoint}
                secret={secretOf(endpoint)}
                onSecret={(secret) => setSecret(endpoint.endpointId, secret)}
              />
            ))}
          </ul>
        </section>
      )}
      {adding && (
        <EndpointDialog
          title="Add an endpoint"
          verb="Add"
          onSave={add}
          onClose={() => setAdding(false)}
        />
      )}
    </Page>
  );
}

function Empty() {
  return (
    <div className="empty">
      <h2>No endpoints yet</h2>
      <p>
        With webhooks a system of your own hears at once what happens in your organisation's
        meetings: that one has ended, say, or that the file of a recording is ready to be fetched.
        Add the address at which it takes messages. They are signed and repeated as{" "}
        <a href="https://www.standardwebhooks.com">Standard Webhooks</a> says.
      </p>
    </div>
  );
}

/** The new secrets that were not kept yet, by endpoint: they are in no list, and gone with the page. */
function useSecrets() {
  const [secrets, setSecrets] = useState<ReadonlyMap<string, Secret>>(new Map());
  const setSecret = (endpointId: string, secret: Secret | undefined) =>
    setSecrets((before) => {
      const after = new Map(before);
      if (secret === undefined) after.delete(endpointId);
      else after.set(endpointId, secret);
      return after;
    });
  return { secretOf: ({ endpointId }: Endpoint) => secrets.get(endpointId), setSecret };
}

/** Whether this is not for the person who looks, so that nothing that was shown before may stay. */
function isForOthers(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  return error.code === "FORBIDDEN" || error.code === "INSUFFICIENT_PERMISSIONS";
}
