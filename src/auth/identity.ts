/** Who a request comes from, as proven by its credentials. */
export type Identity =
  | { kind: "anonymous" }
  /** Administration by `Authorization: Convex <key>`. */
  | { kind: "admin" }
  | UserIdentity;

/** A person, as the claims of a verified token describe them. */
export interface UserIdentity {
  kind: "user";
  /** `iss` exactly as in the token. */
  issuer: string;
  /** `sub`; WorkOS's user id. */
  subject: string;
  email?: string;
  /** The issuer says that the address is this person's; without it the address names nobody. */
  emailVerified?: true;
  name?: string;
  pictureUrl?: string;
  orgId?: string;
  orgRole?: string;
  /**
   * From an entitlement claim of a trusted issuer, about the organisation if there is one; absent when the token says
   * nothing about it.
   */
  plan?: Plan;
  /** From the claim that the operator has chosen, about the person. */
  claimedPlan?: Plan;
  /** The issuer names the organisation in every token that has one: without `orgId` there is none. */
  statesOrg?: true;
}

export type Plan = "free" | "paid";

/** A provisioned user, as every feature sees it. Times are epoch ms. */
export interface User {
  id: string;
  issuer: string;
  subject: string;
  email: string;
  displayName?: string;
  avatarUrl?: string;
  orgId?: string;
  orgRole?: string;
  isActive: boolean;
}

export type ParticipantRole = "host" | "participant" | "observer";

/** The caller's place in the meeting a permission was granted for. */
export interface Participant {
  id: string;
  meetingId: string;
  userId: string;
  role: ParticipantRole;
  presence: "invited" | "joined" | "left";
}
