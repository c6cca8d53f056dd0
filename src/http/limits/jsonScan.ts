/** How much structure a JSON text may have. */
export interface JsonLimits {
  /** Levels of arrays and objects inside each other. */
  depth: number;
  /** Values and names, counted by the signs that begin or part them. */
  nodes: number;
}

/** Levels of any JSON body: what Convex's own reader takes. Arguments are held to fewer, and told so in its words. */
const maxDepth = 128;

/** Values a small text may hold: a list as long as arguments may have, and as much again around it. */
const baseNodes = 16_384;

/** A larger text may hold more, but on average has long ones, bytes. */
const bytesPerNode = 256;

/** What a text of at most `bytes` may hold, so that parsing one takes milliseconds whatever it says. */
export function jsonLimits(bytes: number): JsonLimits {
  return { depth: maxDepth, nodes: baseNodes + Math.floor(bytes / bytesPerNode) };
}

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const openArray = 0x5b;
const backslash = 0x5c;
const closeArray = 0x5d;
const openObject = 0x7b;
const closeObject = 0x7d;

/**
 * Looks through JSON text before anything is made of it: one pass, no memory, and an end where a limit is passed. An object
 * costs many times its text, so whoever looks after parsing looks too late. Says nothing of text that is not JSON.
 * @returns which limit the text passes
 */
export function findExcess(
  text: Uint8Array,
  { depth: maxDepth, nodes: maxNodes }: JsonLimits,
): keyof JsonLimits | undefined {
  let depth = 0;
  let nodes = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case quote:
        at = endOfString(text, at);
        break;
      case openArray:
      case openObject:
        if (++depth > maxDepth) return "depth";
        if (++nodes > maxNodes) return "nodes";
        break;
      case closeArray:
      case closeObject:
        depth--;
        break;
      case comma:
      case colon:
        if (++nodes > maxNodes) return "nodes";
    }
  }
  return undefined;
}

/** @returns where the string that begins at `start` ends, or the end of the text */
function endOfString(text: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== quote) at += text[at] === backslash ? 2 : 1;
  return at;
}
