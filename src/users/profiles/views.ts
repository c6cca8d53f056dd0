import type { User } from "../../auth/identity.ts";
import { administers } from "../../auth/ownUser.ts";
import { known } from "../../core/known.ts";
import { type ReadTx, statement } from "../../db/port.ts";
import { findUserById } from "../store.ts";
import type { Profile } from "./profile.ts";
import { findProfile } from "./store.ts";

const isHidden = statement<{ hidden: boolean }>(
  "profiles.isHidden",
  "SELECT NOT profile_visibility AS hidden FROM user_settings WHERE user_id = $1",
);

/** A profile as its owner sees it; null when there is none. */
export async function ownProfileView(tx: ReadTx, userId: string) {
  const profile = await findProfile(tx, userId);
  if (!profile) return null;
  const { age, gender, linkedinUrl, createdAt, updatedAt } = profile;
  return { ...publicFields(profile), createdAt, updatedAt, ...known({ age, gender, linkedinUrl }) };
}

/**
 * A profile as others see it; null when there is none or its owner has made it invisible, which holds for everybody but
 * themselves and their organisation's administrators.
 */
export async function publicProfileView(tx: ReadTx, viewer: User, userId: string) {
  const person = await findUserById(tx, userId);
  const profile = person && (await findProfile(tx, person.id));
  if (!profile) return null;
  const mayAlways = viewer.id === person.id || administers(viewer, person);
  if (!mayAlways && (await tx.first(isHidden, [person.id]))?.hidden) return null;
  return publicFields(profile);
}

function publicFields({ id, userId, displayName, languages, ...rest }: Profile) {
  const { bio, company, experience, field, goals, jobTitle } = rest;
  return {
    _id: id,
    userId,
    displayName,
    languages: [...languages],
    ...known({ bio, company, experience, field, goals, jobTitle }),
  };
}
