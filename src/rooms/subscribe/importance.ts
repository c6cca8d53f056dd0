import type { PublishSession } from "../publish/publishSession.ts";

/** What is given up last is a screen, then whoever speaks. */
export function importanceOf(
  { user, source }: PublishSession,
  speaker: string | undefined,
): number {
  if (source === "screen") return 2;
  return user.id === speaker ? 1 : 0;
}
