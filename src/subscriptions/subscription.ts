export type Priority = "critical" | "high" | "normal" | "low";

/** What a client has subscribed to under a name of its own; times are epoch ms. */
export interface Subscription {
  userId: string;
  subscriptionId: string;
  meetingId: string;
  resourceType: string;
  priority: Priority;
  establishedAt: number;
  validUntil: number;
  /** It has not run out. */
  isOpen: boolean;
}
