import type { ReactNode } from "react";
import { Link } from "wouter";
import { functions } from "../api/functions.ts";
import { useLive } from "../api/useLive.ts";
import { InterestsForm } from "../profile/InterestsForm.tsx";
import { ProfileForm } from "../profile/ProfileForm.tsx";
import { SettingsForm } from "../profile/SettingsForm.tsx";
import type { Session } from "../session/session.ts";
import { Notice } from "../ui/Notice.tsx";
import { Page } from "../ui/Page.tsx";
import { Skeleton } from "../ui/Skeleton.tsx";
import { Trouble } from "../ui/Trouble.tsx";

/** What a person says of themselves, is interested in, and lets the server do. */
export function ProfilePage({ session }: { session: Session }) {
  const { value: onboarding } = useLive(functions.users.queries.getOnboardingState, {});
  return (
    <Page
      title="My profile"
      trail={
        <nav className="trail" aria-label="Where you are">
          <Link href="/">← My meetings</Link>
        </nav>
      }
    >
      {onboarding?.onboardingComplete === false && (
        <Notice>
          You have not said yet who you are. <Link href="/welcome">It takes a minute</Link>
        </Notice>
      )}
      <Section title="Profile">
        <OwnProfile session={session} />
      </Section>
      <Section title="Interests">
        <OwnInterests session={session} />
      </Section>
      <Section title="Settings">
        <SettingsForm />
      </Section>
    </Page>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="section" aria-label={title}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

function OwnProfile({ session }: { session: Session }) {
  const { getCurrentUserProfile } = functions.profiles.queries;
  const { value, error, loading } = useLive(getCurrentUserProfile, {});
  return (
    <>
      <Trouble error={error} />
      {loading && <Skeleton rows={3} label="Your profile is being fetched" />}
      {value !== undefined && <ProfileForm profile={value} name={session.name} />}
    </>
  );
}

function OwnInterests({ session }: { session: Session }) {
  const { listCatalog, getCurrentUserInterests } = functions.interests.queries;
  const catalogue = useLive(listCatalog, {});
  const chosen = useLive(getCurrentUserInterests, {});
  return (
    <>
      <Trouble error={catalogue.error ?? chosen.error} />
      {(catalogue.loading || chosen.loading) && (
        <Skeleton rows={2} label="Your interests are being fetched" />
      )}
      {catalogue.value !== undefined && chosen.value !== undefined && (
        <InterestsForm userId={session.userId} catalogue={catalogue.value} chosen={chosen.value} />
      )}
    </>
  );
}
