import type { Participant } from "../../auth/identity.ts";
import { AppError } from "../../core/errors.ts";
import { ok, type Result, refuse } from "../../core/result.ts";
import { displayProblem } from "../../core/text/displayText.ts";

const mostTopics = 50;
const longestTopic = 200;

/** Whose activity a participant may report: their own, a host everybody's. Refusals: FORBIDDEN */
export function reportedUser(
  reporter: Pick<Participant, "userId" | "role">,
  userId: string,
): Result<string> {
  if (userId === reporter.userId || reporter.role === "host") return ok(userId);
  return refuse(new AppError("FORBIDDEN", "Only a host may report what others do"));
}

/** Topics as stored: trimmed, each once. Refusals: VALIDATION_ERROR with `field`, and `limit` where there is one */
export function storedTopics(topics: readonly string[]): Result<string[]> {
  if (topics.length > mostTopics) return tooMany(`At most ${mostTopics} topics`, mostTopics);
  const trimmed = topics.map((topic) => topic.trim());
  if (trimmed.some((topic) => topic.length > longestTopic))
    return tooMany(`A topic has at most ${longestTopic} characters`, longestTopic);
  const [problem] = trimmed.flatMap((topic) => displayProblem(topic) ?? []);
  if (problem === undefined) return ok([...new Set(trimmed)]);
  return refuse(new AppError("VALIDATION_ERROR", `A topic ${problem}`, { field: "topics" }));
}

function tooMany(message: string, limit: number): Result<never> {
  return refuse(new AppError("VALIDATION_ERROR", message, { field: "topics", limit }));
}
