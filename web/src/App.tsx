import { Route, Switch } from "wouter";
import { Arrival } from "./layout/Arriving.tsx";
import { Breakage } from "./layout/Breakage.tsx";
import { Shell } from "./layout/Shell.tsx";
import { SignInPage } from "./pages/SignInPage.tsx";
import type { Session } from "./session/session.ts";
import { type Surroundings, SurroundingsContext, useSession } from "./session/sessionContext.tsx";
import { useSignedInPages } from "./signedInPages.ts";
import { Toasts } from "./ui/Toast.tsx";

/** The pages, or the sign-in in their place. */
export function App({ surroundings }: { surroundings: Surroundings }) {
  return (
    <SurroundingsContext value={surroundings}>
      <Toasts>
        <Pages />
      </Toasts>
    </SurroundingsContext>
  );
}

function Pages() {
  const session = useSession();
  if (session === undefined)
    return (
      <Shell>
        <SignIn />
      </Shell>
    );
  // Of one person nothing is kept for the next.
  return (
    <Breakage>
      <SignedIn key={session.userId} session={session} />
    </Breakage>
  );
}

function SignedIn({ session }: { session: Session }) {
  const SignedInPages = useSignedInPages();
  return SignedInPages ? <SignedInPages session={session} /> : <SignedInArrival />;
}

function SignIn() {
  return (
    <Switch>
      <Route path="/invite/:secret">
        <SignInPage reason="You are invited to a meeting. Say who you are, then go in." />
      </Route>
      <Route>
        <SignInPage />
      </Route>
    </Switch>
  );
}

/** The room has the window to itself from the first moment on. */
function SignedInArrival() {
  return (
    <Switch>
      <Route path="/meet/:meetingId">
        <Arrival />
      </Route>
      <Route>
        <Shell>
          <Arrival />
        </Shell>
      </Route>
    </Switch>
  );
}
