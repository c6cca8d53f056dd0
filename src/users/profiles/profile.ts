export type Gender = "male" | "female" | "non-binary" | "prefer-not-to-say";

/** What a profile says; null = nothing about it. */
export interface ProfileContent {
  displayName: string;
  bio: string | null;
  goals: string | null;
  languages: readonly string[];
  experience: string | null;
  /** Years. */
  age: number | null;
  gender: Gender | null;
  field: string | null;
  jobTitle: string | null;
  company: string | null;
  linkedinUrl: string | null;
}

/** A profile as stored. Times are epoch ms. */
export interface Profile extends ProfileContent {
  id: string;
  userId: string;
  createdAt: number;
  updatedAt: number;
}

/** What to change: absent stays as it is, and an empty text takes away what was said. */
export type ProfileChange = {
  [K in keyof ProfileContent]?: Exclude<ProfileContent[K], null> | undefined;
};
