import type { FastifyPluginAsync } from "fastify";
import type { Config } from "../config/config.ts";
import type { Database } from "../db/port.ts";
import { webhookRoute } from "../http/webhooks.ts";
import type { Metrics } from "../observe/metrics.ts";
import { noticeHealth, storeNotice } from "../recordings/notices.ts";

interface WebhookParts {
  config: Config;
  db: Database;
  metrics: Metrics;
}

/** Where GetStream delivers what happens; undefined where its cloud is not used. */
export function streamWebhook({
  config,
  db,
  metrics,
}: WebhookParts): FastifyPluginAsync | undefined {
  const { streamApiKey: apiKey, streamApiSecret, streamPreviousSecret } = config;
  if (apiKey === undefined || streamApiSecret === undefined) return undefined;
  const secrets = [streamApiSecret, ...(streamPreviousSecret ? [streamPreviousSecret] : [])];
  const outcomes = new Map<string, number>();
  addWebhookGauges(metrics, db, outcomes);
  return async (scope) => {
    // Its client is not loaded where it is not used.
    const { judgeWebhook } = await import("../video/getstream/webhook.ts");
    await webhookRoute(scope, {
      path: "/webhooks/getstream",
      receive: async (raw, header) => {
        const headers = {
          signature: header("x-signature"),
          apiKey: header("x-api-key"),
          id: header("x-webhook-id"),
        };
        const verdict = await judgeWebhook(raw, headers, { apiKey, secrets });
        if (!verdict.ok) return { accepted: false, outcome: verdict.refusal };
        const isNew = await db.transaction((tx) => storeNotice(tx, verdict.notice));
        return { accepted: true, outcome: isNew ? "accepted" : "repeated" };
      },
      onOutcome: (outcome) => outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1),
    });
  };
}

function addWebhookGauges(metrics: Metrics, db: Database, outcomes: Map<string, number>): void {
  metrics.addGauge({
    name: "connvo_stream_webhooks",
    help: "Deliveries to this node's /webhooks/getstream since it started, by what became of them",
    labelNames: ["outcome"],
    read: () => [...outcomes].map(([outcome, value]) => ({ labels: { outcome }, value })),
  });
  metrics.addGauge({
    name: "connvo_stream_recordings",
    help: "GetStream recordings that started within a day, by whether a webhook told of them; untold ones: the webhook does not arrive",
    labelNames: ["told"],
    read: async () => {
      const { started, untold } = await db.read(noticeHealth);
      return [
        { labels: { told: "yes" }, value: started - untold },
        { labels: { told: "no" }, value: untold },
      ];
    },
  });
}
