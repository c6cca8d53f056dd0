import { type LinkSigner, maxLinkLifeMs } from "../auth/signedLink.ts";
import { AppError } from "../core/errors.ts";
import { gone } from "./deleteRecording.ts";
import { recordingUrl } from "./recording.ts";
import { findRendition } from "./renditions.ts";
import type { RecordingServices } from "./services.ts";
import { requireRecording } from "./store.ts";
import { renditionUrl } from "./view.ts";

export interface LinkArguments {
  recordingId: string;
  renditionId?: string | undefined;
  /** Life of the link, ms; at most and by default 10 minutes. */
  expiresInMs?: number | undefined;
}

/**
 * A link to a recording's file for players that cannot send a token; membership is checked again at every use.
 * Errors: NOT_FOUND (deleted, or no such rendition).
 */
export async function createDownloadLink(
  services: RecordingServices & { links: LinkSigner },
  userId: string,
  args: LinkArguments,
): Promise<{ url: string; expiresAt: number }> {
  const { db, clock, links } = services;
  const address = await db.read(async (tx) => {
    const recording = await requireRecording(tx, args.recordingId);
    if (recording.deletedAt !== null) throw gone(recording);
    if (args.renditionId === undefined) return recordingUrl(services.publicUrl(), recording);
    const rendition = await findRendition(tx, args.renditionId);
    if (rendition?.recordingId === recording.id)
      return renditionUrl(services.publicUrl(), rendition);
    throw new AppError("NOT_FOUND", "The recording has no such rendition", {
      id: args.renditionId,
    });
  });
  const life = Math.min(maxLinkLifeMs, Math.max(1, args.expiresInMs ?? maxLinkLifeMs) || 1);
  const expiresAt = Math.trunc(clock.now() + life);
  const file = args.renditionId ?? "";
  const query = links.sign({ recordingId: args.recordingId, file, userId, expiresAt });
  return { url: `${address}?${query}`, expiresAt };
}
