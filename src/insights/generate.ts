import { AppError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { inSlices } from "../core/yielding.ts";
import type { Database } from "../db/port.ts";
import type { LanguageModel } from "../llm/port.ts";
import { extractFindings } from "./extract/extract.ts";
import type { Findings } from "./extract/findings.ts";
import type { InsightContent } from "./insight.ts";
import { type MeetingMaterial, readMaterial } from "./material.ts";
import { askModel } from "./model/askModel.ts";
import { extractiveOrigin, insightFor, modelOrigin, type Origin } from "./personal.ts";
import { insightIds, peopleWithErasedInsight, type Renewal, writeInsights } from "./store.ts";

export interface InsightServices {
  db: Database;
  log: Log;
  /** Undefined where none is configured. */
  languageModel: LanguageModel | undefined;
}

export interface Generated {
  /** Of all insights of the meeting. */
  ids: string[];
  /** How many were written by this call. */
  written: number;
}

/** Deletions and corrections that may come between reading and writing, one after the other. */
const mostTries = 3;

/**
 * Makes the insights of a meeting that has ended, one for each person in it; none where nothing was said or noted, and none for
 * those whose insight was deleted. The same again changes nothing, at the same time too.
 * @throws AppError NOT_FOUND, VALIDATION_ERROR (it has not ended), CONFLICT (lines are being deleted or corrected)
 */
export async function generateInsights(
  services: InsightServices,
  meetingId: string,
  renewal: Renewal,
  signal: AbortSignal,
): Promise<Generated> {
  for (let tries = 0; tries < mostTries; tries++) {
    const written = await tryOnce(services, meetingId, renewal, signal);
    if (written === undefined) continue;
    const ids = await services.db.read((tx) => insightIds(tx, meetingId));
    return { ids: ids.map(({ id }) => id), written };
  }
  throw new AppError("CONFLICT", "What was said in the meeting is being changed; try again", {
    meetingId,
  });
}

async function tryOnce(
  services: InsightServices,
  meetingId: string,
  renewal: Renewal,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { db } = services;
  const material = await db.read((tx) => readIfNeeded(tx, meetingId, renewal));
  if (material === null) return 0;
  const found = await findingsOf(services, material, signal);
  if (found === null) return 0;
  const contents = personal(found.findings, found.origin, material);
  const { lastSequence: lines, revision } = material;
  return db.transaction((tx) =>
    writeInsights(tx, { meetingId, revision, lines }, contents, renewal),
  );
}

/** Null where everybody has what they are to have. */
async function readIfNeeded(
  tx: Parameters<typeof readMaterial>[0],
  meetingId: string,
  renewal: Renewal,
): Promise<MeetingMaterial | null> {
  const material = await readMaterial(tx, meetingId);
  requireConcluded(material.meeting);
  const done = await peopleWithErasedInsight(tx, meetingId);
  for (const { userId, lines } of await insightIds(tx, meetingId)) {
    const isStale = renewal === "all" || (renewal === "stale" && lines < material.lastSequence);
    if (!isStale) done.add(userId);
  }
  return material.attendees.every(({ id }) => done.has(id)) ? null : material;
}

function requireConcluded({ id, state }: MeetingMaterial["meeting"]): void {
  if (state === "concluded") return;
  throw new AppError("VALIDATION_ERROR", "Insights are made once the meeting has ended", {
    field: "meetingId",
    reason: "not_concluded",
    ...{ meetingId: id, state },
  });
}

/** Null where nothing was said or noted: a language model is not asked then. */
async function findingsOf(
  services: InsightServices,
  material: MeetingMaterial,
  signal: AbortSignal,
): Promise<{ findings: Findings; origin: Origin } | null> {
  const { lines, notes, attendees: people } = material;
  const extracted = await inSlices(extractFindings({ lines, notes, people }));
  signal.throwIfAborted();
  if (extracted === null) return null;
  const { languageModel: model, log } = services;
  if (model === undefined || lines.length === 0)
    return { findings: extracted, origin: extractiveOrigin(material) };
  try {
    const { points, decisions, actionItems } = await askModel(model, { lines, people }, signal);
    const noted = extracted.actionItems.filter(({ evidence: [first] }) => first.kind === "notes");
    const { own } = extracted;
    const findings = { points, decisions, actionItems: [...actionItems, ...noted], own };
    return { findings, origin: modelOrigin(model.name) };
  } catch (error) {
    signal.throwIfAborted();
    const fields = { err: error, meetingId: material.meeting.id };
    log.warn(fields, "the language model was of no use; insights are taken from the transcript");
    return { findings: extracted, origin: extractiveOrigin(material, model.name) };
  }
}

function personal(
  findings: Findings,
  origin: Origin,
  { attendees }: MeetingMaterial,
): Map<string, InsightContent> {
  return new Map(attendees.map((me) => [me.id, insightFor(me, findings, attendees, origin)]));
}
