import type { FunctionArgs, FunctionReturnType } from "convex/server";
import type { functions } from "../api/functions.ts";
import { fieldError } from "./refusals.ts";

export type Profile = NonNullable<
  FunctionReturnType<typeof functions.profiles.queries.getCurrentUserProfile>
>;
export type ProfileChange = FunctionArgs<typeof functions.profiles.mutations.updateProfile>;
export type Gender = NonNullable<Profile["gender"]>;
export type Settings = FunctionArgs<typeof functions.settings.mutations.updateSettings>;
export type Interest = FunctionReturnType<
  typeof functions.interests.queries.getCurrentUserInterests
>[number];

/** What each part of a profile is called. */
export const profileWords = {
  displayName: "Name",
  jobTitle: "Job title",
  company: "Company",
  field: "Field of work",
  bio: "About you",
  goals: "What you want to reach",
  experience: "Experience",
  languages: "Languages",
  age: "Age",
  gender: "Gender",
  linkedinUrl: "LinkedIn address",
  interests: "Interests",
} as const;

export type ProfileField = keyof typeof profileWords;

export const genderWords: Readonly<Record<Gender, string>> = {
  female: "Female",
  male: "Male",
  "non-binary": "Non-binary",
  "prefer-not-to-say": "I prefer not to say",
};

/** What each setting does while it is on. */
export const settingWords: Readonly<Record<keyof Settings, string>> = {
  emailNotifications: "Write me e-mails",
  pushNotifications: "Send notifications to my devices",
  smsNotifications: "Send me text messages",
  profileVisibility: "Show my profile to others",
  dataSharing: "Share what is known of me with others",
  activityTracking: "Note what I do",
};

/** What holds until somebody has chosen, as the server has it. */
export const firstSettings: Readonly<Record<keyof Settings, boolean>> = {
  emailNotifications: true,
  pushNotifications: true,
  smsNotifications: false,
  profileVisibility: true,
  dataSharing: false,
  activityTracking: true,
};

const categoryWords: Readonly<Record<string, string>> = {
  academic: "Science",
  industry: "Business",
  skill: "Skills",
  personal: "Your own",
};

export const categoryName = (category: string): string => categoryWords[category] ?? category;

/** What is wrong with one part of a profile, under the name that it has on the page. */
export function profileProblem(error: unknown, field: ProfileField): string | undefined {
  const text = fieldError(error, field);
  return text?.startsWith(`${field} `) ? profileWords[field] + text.slice(field.length) : text;
}
