/** Something that people could talk about. */
export interface PromptIdea {
  content: string;
  tags: string[];
  /** 0..1 */
  relevance: number;
  /** Whom it tells of. */
  aboutUserIds: string[];
}

export type PromptType = "precall" | "incall";

export type PromptFeedback = "used" | "dismissed" | "upvoted";

/** As stored; times are epoch ms. */
export interface Prompt {
  id: string;
  content: string;
  tags: string[];
  relevance: number;
  feedback: PromptFeedback | null;
  usedAt: number | null;
  createdAt: number;
}
