import { callAsAdmin } from "./meetings.ts";
import { type Person, signIn } from "./person.ts";

/** Somebody of an organisation, with a profile. */
export async function member(url: string, name: string, orgId: string): Promise<Person> {
  const person = await signIn(url, name);
  const { workosUserId, email } = await person.query<{ workosUserId: string; email: string }>(
    "users/queries:getCurrentUser",
  );
  const stored = { workosUserId, email, displayName: name, orgId, orgRole: "member" };
  await callAsAdmin(url, "users/mutations:upsertUser", stored);
  await person.mutation("profiles/mutations:updateProfile", { displayName: name });
  return person;
}
