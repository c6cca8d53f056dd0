import { known } from "../core/known.ts";
import { orThrow } from "../core/result.ts";
import { pageLength } from "../core/wholeNumber.ts";
import type { ReadTx } from "../db/port.ts";
import type { Prompt, PromptType } from "./prompt.ts";
import { openPrompts } from "./store.ts";

const usualLength: Record<PromptType, number> = { precall: 10, incall: 5 };

/** Prompts of a meeting, the most relevant first. @throws AppError VALIDATION_ERROR (`limit` 1 to 100) */
export async function promptViews(
  tx: ReadTx,
  type: PromptType,
  { meetingId, limit }: { meetingId: string; limit?: number | undefined },
) {
  const most = orThrow(pageLength(limit, usualLength[type]));
  const prompts = await openPrompts(tx, meetingId, type);
  return prompts
    .sort((a, b) => b.relevance - a.relevance)
    .slice(0, most)
    .map(told);
}

/** The prompts of a running meeting, the newest first, and when the last one came; 0 before there is one. */
export async function followedPrompts(tx: ReadTx, meetingId: string) {
  const prompts = await openPrompts(tx, meetingId, "incall");
  return { prompts: prompts.map(told), lastUpdated: prompts[0]?.createdAt ?? 0 };
}

function told({ id, content, tags, relevance, createdAt, feedback, usedAt }: Prompt) {
  return { _id: id, content, tags, relevance, createdAt, ...known({ feedback, usedAt }) };
}
