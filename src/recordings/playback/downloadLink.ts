import { type LinkSigner, maxLinkLifeMs } from "../../auth/signedLink.ts";
import { AppError } from "../../core/errors.ts";
import { orThrow } from "../../core/result.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";
import { gone, recordingUrl } from "../recording.ts";
import { findRendition } from "../renditions/renditions.ts";
import type { RecordingServices } from "../services.ts";
import { requireRecording } from "../store.ts";
import { renditionUrl } from "./view.ts";

export interface LinkArguments {
  recordingId: string;
  renditionId?: string | undefined;
  /** Life of the link, ms; at most and by default 10 minutes. */
  expiresInMs?: number | undefined;
}

/**
 * A link to a recording's file for players that cannot send a token; membership is checked again at every use.
 * @throws AppError VALIDATION_ERROR (`expiresInMs`), NOT_FOUND (no such recording, deleted, or no such rendition)
 */
export async function createDownloadLink(
  services: RecordingServices & { links: LinkSigner },
  userId: string,
  args: LinkArguments,
): Promise<{ url: string; expiresAt: number }> {
  const { db, clock, links } = services;
  const wanted = orThrow(wholeNumber("expiresInMs", args.expiresInMs ?? maxLinkLifeMs));
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
  const expiresAt = Math.trunc(clock.now() + Math.min(maxLinkLifeMs, wanted));
  const file = args.renditionId ?? "";
  const query = links.sign({ recordingId: args.recordingId, file, userId, expiresAt });
  return { url: `${address}?${query}`, expiresAt };
}
