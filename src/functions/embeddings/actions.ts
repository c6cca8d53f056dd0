import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import { generateEmbedding as generate } from "../../embeddings/generate.ts";
import { flatRecord, sourceType } from "../../embeddings/validators.ts";
import { action } from "../../runtime/builders.ts";

export const generateEmbedding = action({
  permission: can.admin,
  maxArgsBytes: 64 * 1024,
  summary: "generateEmbedding",
  description:
    "Makes a vector of a text, for the user, profile, meeting, notes (by their meeting) or line of a transcript it belongs to: it takes the " +
    "place of the one that has of the same model, and goes with it. `content` has 1 to 2,000 characters. `vector` is 32 bit floats, " +
    "little-endian, of length 1. Lines of transcripts are embedded by themselves once their meeting is over. When the model gives no " +
    "answer, `success` is false. Fails with NOT_FOUND for an unknown source, and with VALIDATION_ERROR for another model than the " +
    "configured one, or none (`embeddings_unavailable`). For the administration key.",
  args: {
    content: v.string(),
    metadata: v.optional(flatRecord),
    model: v.optional(v.string()),
    sourceId: v.string(),
    sourceType,
  },
  returns: v.object({
    dimensions: v.number(),
    embeddingId: v.id("embeddings"),
    error: v.optional(v.string()),
    model: v.string(),
    processingTime: v.number(),
    success: v.boolean(),
    vector: v.bytes(),
  }),
  handler: ({ services, signal }, wish) => generate(services, wish, signal),
});
