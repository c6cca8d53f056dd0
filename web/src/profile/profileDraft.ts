import { ApiError } from "../api/apiError.ts";
import type { Gender, Profile, ProfileChange } from "../words/profile.ts";

/** A profile as its form has it: texts, empty for what is not said. */
export interface ProfileDraft {
  displayName: string;
  jobTitle: string;
  company: string;
  field: string;
  bio: string;
  goals: string;
  experience: string;
  /** With commas between. */
  languages: string;
  age: string;
  gender: Gender | "";
  linkedinUrl: string;
}

/** @param name of who has no profile yet */
export function draftOf(profile: Profile | null, name: string): ProfileDraft {
  return {
    displayName: profile?.displayName ?? name,
    jobTitle: profile?.jobTitle ?? "",
    company: profile?.company ?? "",
    field: profile?.field ?? "",
    bio: profile?.bio ?? "",
    goals: profile?.goals ?? "",
    experience: profile?.experience ?? "",
    languages: profile?.languages.join(", ") ?? "",
    age: profile?.age?.toString() ?? "",
    gender: profile?.gender ?? "",
    linkedinUrl: profile?.linkedinUrl ?? "",
  };
}

/** All of it, for the server: an empty text takes away what was said; age and gender cannot be taken back. */
export function changeOf({ age, gender, languages, ...texts }: ProfileDraft): ProfileChange {
  return {
    ...texts,
    languages: languages
      .split(",")
      .map((language) => language.trim())
      .filter((language) => language !== ""),
    ...(age.trim() === "" ? {} : { age: ageOf(age) }),
    ...(gender === "" ? {} : { gender }),
  };
}

/** @throws ApiError when it is no number */
export function ageOf(text: string): number {
  const age = Number(text);
  if (text.trim() !== "" && Number.isFinite(age)) return age;
  throw new ApiError("VALIDATION_ERROR", "Say how old you are, in years", 400, { field: "age" });
}
