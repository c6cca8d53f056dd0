import { recordAudit } from "../audit/record.ts";
import type { User } from "../auth/identity.ts";
import { AppError } from "../core/errors.ts";
import { orThrow } from "../core/result.ts";
import { clientName } from "../core/text/clientName.ts";
import { displayProblem } from "../core/text/displayText.ts";
import type { Tx } from "../db/port.ts";

interface CustomMetric {
  metricName: string;
  value: number;
  tags?: Record<string, string>;
  timestamp?: number;
}

const mostTags = 20;
const longestTag = 128;
const latestDate = 8.64e15;

/**
 * Notes a measurement of an administrator's in the audit log.
 * @throws AppError VALIDATION_ERROR (`metricName`, `value`, `tags`, `timestamp`)
 */
export async function recordCustomMetric(
  tx: Tx,
  user: User | undefined,
  { metricName, value, tags = {}, timestamp }: CustomMetric,
): Promise<void> {
  const name = orThrow(clientName("metricName", metricName));
  if (!Number.isFinite(value)) throw invalid("value", "must be a finite number");
  const isTime = timestamp === undefined || (timestamp >= 0 && timestamp <= latestDate);
  if (!isTime) throw invalid("timestamp", "must be a time, in epoch milliseconds");
  checkTags(tags);
  await recordAudit(tx, {
    actorUserId: user?.id,
    orgId: user?.orgId,
    resourceType: "metric",
    resourceId: name,
    action: "custom_metric_recorded",
    metadata: {
      ...Object.fromEntries(Object.entries(tags).map(([tag, text]) => [`tag.${tag}`, text])),
      value,
      success: true,
      ...(timestamp !== undefined && { timestamp }),
    },
  });
}

function checkTags(tags: Record<string, string>): void {
  const entries = Object.entries(tags);
  const fits = (text: string) => text.length <= longestTag && displayProblem(text) === undefined;
  if (entries.length <= mostTags && entries.every(([tag, text]) => fits(tag) && fits(text))) return;
  const limits = `${mostTags} tags at most, names and texts of 1 to ${longestTag} visible characters`;
  throw invalid("tags", `must be ${limits}`);
}

const invalid = (field: string, problem: string) =>
  new AppError("VALIDATION_ERROR", `${field} ${problem}`, { field });
