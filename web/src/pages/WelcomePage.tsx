import { useLocation } from "wouter";
import { functions } from "../api/functions.ts";
import { useLive } from "../api/useLive.ts";
import { OnboardingForm } from "../profile/OnboardingForm.tsx";
import { Page } from "../ui/Page.tsx";
import { Skeleton } from "../ui/Skeleton.tsx";
import { useToast } from "../ui/Toast.tsx";
import { Trouble } from "../ui/Trouble.tsx";

/** The onboarding: whoever is new says who they are. */
export function WelcomePage() {
  const say = useToast();
  const [, go] = useLocation();
  const { listCatalog, getCurrentUserInterests } = functions.interests.queries;
  const profile = useLive(functions.profiles.queries.getCurrentUserProfile, {});
  const catalogue = useLive(listCatalog, {});
  const chosen = useLive(getCurrentUserInterests, {});
  const done = () => {
    say("Welcome to Connvo");
    go("/");
  };
  const all = [profile, catalogue, chosen];
  return (
    <Page title="Welcome">
      <p>Say who you are, so that others know whom they meet. You can change all of it later.</p>
      <Trouble error={all.find(({ error }) => error !== undefined)?.error} />
      {all.some(({ loading }) => loading) && (
        <Skeleton rows={3} label="What is known of you is being fetched" />
      )}
      {profile.value !== undefined &&
        catalogue.value !== undefined &&
        chosen.value !== undefined && (
          <OnboardingForm
            known={profile.value}
            catalogue={catalogue.value}
            chosen={chosen.value}
            onDone={done}
          />
        )}
    </Page>
  );
}
