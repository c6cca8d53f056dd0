import type { ActionItem } from "./findings.ts";
import type { LanguagePack } from "./languagePack.ts";
import type { Names } from "./mentions.ts";
import { shorten } from "./sentences.ts";
import { dueOf } from "./tasks.ts";

/** Tasks of notes beyond that are not looked at. */
const mostNoteTasks = 200;
const longestTask = 160;

/** What notes say is to be done: check boxes of Markdown that are open, and lines that begin with `action:` or `todo:`. */
export function noteTasks(notes: string, names: Names, pack: LanguagePack): ActionItem[] {
  const found: ActionItem[] = [];
  for (const line of notes.split("\n")) {
    const task = taskOfLine(line, pack);
    if (task === undefined) continue;
    found.push(itemOf(task, names, pack));
    if (found.length === mostNoteTasks) break;
  }
  return found;
}

/** The open task that a line of notes is; undefined for all others. */
export function taskOfLine(
  line: string,
  { noteTask }: Pick<LanguagePack, "noteTask">,
): string | undefined {
  if (line.length > 2_000) return undefined;
  const [, box, boxed = ""] = /^\s*(?:[-*+]|\d+[.)])\s+\[([ xX])\](?:\s+(.*))?$/.exec(line) ?? [];
  const task =
    box === undefined ? line.replace(/^\s*(?:[-*+]\s+)?(?:\*\*)?/, "") : box === " " ? boxed : "";
  if (box === undefined && !noteTask.test(task)) return undefined;
  const text = task
    .replace(noteTask, "")
    .replace(/\*\*|__|`/g, "")
    .trim();
  return /[\p{L}\p{N}]/u.test(text) ? text : undefined;
}

/** Whoever stands in front of it, as `Bob:` or `@Bob`, is its owner. */
function itemOf(task: string, names: Names, pack: LanguagePack): ActionItem {
  const [first] = names.in(task);
  const isOwner =
    first !== undefined &&
    (/^@?$/.test(task.slice(0, first.from)) || task.slice(0, first.from).endsWith("@")) &&
    (task[first.from - 1] === "@" || /^\s*[:–-]/.test(task.slice(first.to)));
  const rest = isOwner
    ? `${task.slice(0, first.from).replace(/@$/, "")}${task.slice(first.to).replace(/^\s*[:–-]\s*/, "")}`
    : task;
  const { due, rest: text } = dueOf(rest, pack);
  return {
    text: shorten(text.trim().replace(/\s+/g, " ") || task, longestTask),
    ownerId: isOwner ? first.personId : null,
    ...{ requesterId: null, due, evidence: [{ kind: "notes" }] as const },
  };
}
