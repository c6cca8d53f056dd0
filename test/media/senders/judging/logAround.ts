import { readEvents } from "../../../../src/media/format/log/eventLog.ts";
import { loadTimeline } from "../../../../src/media/format/timeline/timeline.ts";

const aroundMs = 1500;

/** What a capture's log says around a recorded time (pauses not counted), and where its tracks lie. */
export async function logAround(captureDir: string, atMs: number): Promise<string[]> {
  const { startedAt, participants } = await loadTimeline(captureDir);
  const tracks = participants
    .flatMap(({ tracks: own }) => own)
    .filter(({ startMs, endMs }) => startMs < atMs + aroundMs && endMs > atMs - aroundMs)
    .map(({ id, kind, startMs, endMs, clock }) => {
      const points = clock.points.map(
        (point) => `${Math.round(point.mediaMs)}→${Math.round(point.atMs)}`,
      );
      return `    ${id} ${kind} ${Math.round(startMs)}…${Math.round(endMs)}, clock ${points.join(" ")}`;
    });
  const events: string[] = [];
  for await (const { t, type, ...rest } of readEvents(captureDir)) {
    const ms = t - startedAt;
    if (type === "alive" || type === "level" || Math.abs(ms - atMs) > aroundMs) continue;
    events.push(`    ${ms} ${type} ${JSON.stringify(rest)}`);
  }
  return [...tracks, ...events];
}
