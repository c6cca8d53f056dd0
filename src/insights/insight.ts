/** Something to be done, as a person is told of it. */
export interface ToldItem {
  /** `Bob: fix the login page (by Thursday)` */
  text: string;
  /** Where it was said, epoch ms; null for what stands in the notes. */
  atMs: number | null;
}

/** Somebody to get to know better, or something open between two people. */
export interface Recommendation {
  type: "connection" | "follow-up";
  content: string;
  /** 0..1 */
  confidence: number;
  aboutUserId: string;
  /** It tells of their profile, and only for as long as others may see that. */
  isFromProfile: boolean;
}

/** What one person can take from a meeting. */
export interface InsightContent {
  summary: string;
  actionItems: ToldItem[];
  recommendations: Recommendation[];
}

/** As stored; times are epoch ms. */
export interface Insight extends InsightContent {
  id: string;
  meetingId: string;
  userId: string;
  meetingTitle: string;
  /** When it began. */
  meetingDate: number;
  createdAt: number;
}
