import { AppError } from "../../core/errors.ts";
import { ok, type Result, refuse } from "../../core/result.ts";
import type { RequestedInterest } from "../interests/rules.ts";
import type { Gender, ProfileChange } from "../profiles/profile.ts";

/** What a new user tells of themselves. */
export interface OnboardingRequest {
  age: number;
  bio: string;
  company: string;
  field: string;
  gender: Gender;
  interests: RequestedInterest[];
  jobTitle: string;
  linkedinUrl?: string | undefined;
}

const shortestBio = 10;

/** What an onboarding changes of the profile, whose rules hold too. Refusals: VALIDATION_ERROR with `field` */
export function onboardingProfile(request: OnboardingRequest): Result<ProfileChange> {
  const { interests: _, ...profile } = request;
  if (request.bio.trim().length >= shortestBio) return ok(profile);
  const message = `bio must have at least ${shortestBio} characters`;
  return refuse(new AppError("VALIDATION_ERROR", message, { field: "bio" }));
}
