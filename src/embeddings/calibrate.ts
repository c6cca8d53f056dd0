import type { Embedder } from "../meaning/port.ts";
import { mostTexts } from "../meaning/port.ts";
import { cosine } from "../meaning/unit.ts";

/** What somebody might look for, and what somebody may have said of it, in other words. */
export const pairs: readonly (readonly [sought: string, said: string])[] = [
  [
    "when is the product released",
    "We are going to ship the new version in the second week of March.",
  ],
  [
    "money for the project",
    "The budget they gave us covers only half of what we planned to spend.",
  ],
  [
    "hiring new people",
    "I have talked to three candidates, and one of them could join the team soon.",
  ],
  ["the site was down", "Customers could not reach our servers for an hour last night."],
  ["holiday plans", "I will be away on vacation in August and back in September."],
  [
    "complaints of customers",
    "Several users wrote that they are unhappy with how slow the support is.",
  ],
  ["legal contract", "The lawyers still have to look at the agreement before we sign it."],
  ["broken tests", "The build has been red since yesterday because two checks keep failing."],
  ["moving to another office", "Our new building has more rooms, and we get the keys in spring."],
  ["training for beginners", "We could offer a course to those who have never used the tool."],
  [
    "security problem",
    "Somebody found a way to log in without a password, so we have to patch it.",
  ],
  ["advertising campaign", "The posters and the video for the promotion will be ready by Monday."],
  ["travel to the conference", "I have booked the flight and a hotel near the venue."],
  ["lunch", "Let us get something to eat, there is a good pizza place around the corner."],
  ["health and safety", "Please wear a helmet on the building site, there was an accident."],
  ["price increase", "We will have to charge more because the supplier became expensive."],
];

/** Of what has nothing to do with each other, so much may seem alike. */
const tolerated = 0.02;

/**
 * How near a model puts what has nothing to do with each other: what is nearer than almost all of that is alike. Each model has
 * a scale of its own, so a fixed number would find nothing with one and everything with another.
 * @returns a cosine
 * @throws Error when the model gives no answer
 */
export async function calibrate(embedder: Embedder, signal: AbortSignal): Promise<number> {
  const embed = async (texts: readonly string[]) => {
    const vectors: Float32Array[] = [];
    for (let from = 0; from < texts.length; from += mostTexts)
      vectors.push(
        ...(await embedder.embed(texts.slice(from, from + mostTexts), { urgent: true, signal })),
      );
    return vectors;
  };
  const sought = await embed(pairs.map(([text]) => text));
  const said = await embed(pairs.map(([, text]) => text));
  const unrelated = sought
    .flatMap((a, i) => said.flatMap((b, j) => (i === j ? [] : [cosine(a, b)])))
    .sort((a, b) => a - b);
  return unrelated[Math.floor(unrelated.length * (1 - tolerated))] ?? 1;
}
