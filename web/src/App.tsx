import { lazy, type ReactNode, Suspense, useCallback } from "react";
import { Route, Switch } from "wouter";
import { Connected, useLiveClient } from "./api/liveContext.tsx";
import { Breakage } from "./layout/Breakage.tsx";
import { Navigation } from "./layout/Navigation.tsx";
import { Shell, type ShellProps } from "./layout/Shell.tsx";
import { MeetingsPage } from "./pages/MeetingsPage.tsx";
import { NotFoundPage } from "./pages/NotFoundPage.tsx";
import type { Session } from "./session/session.ts";
import {
  type Surroundings,
  SurroundingsContext,
  useSession,
  useSurroundings,
} from "./session/sessionContext.tsx";
import { Spinner } from "./ui/Spinner.tsx";
import { Toasts } from "./ui/Toast.tsx";

// What is shown at `/` to somebody who is signed in comes at once, the rest when it is gone to.
const SignInPage = lazy(async () => ({
  default: (await import("./pages/SignInPage.tsx")).SignInPage,
}));
const TokenPage = lazy(async () => ({
  default: (await import("./pages/TokenPage.tsx")).TokenPage,
}));
const MeetingPage = lazy(async () => ({
  default: (await import("./pages/MeetingPage.tsx")).MeetingPage,
}));
const InvitePage = lazy(async () => ({
  default: (await import("./pages/InvitePage.tsx")).InvitePage,
}));
const WatchPage = lazy(async () => ({
  default: (await import("./pages/WatchPage.tsx")).WatchPage,
}));
const WebhooksPage = lazy(async () => ({
  default: (await import("./pages/WebhooksPage.tsx")).WebhooksPage,
}));
const RoomPage = lazy(async () => ({ default: (await import("./room/RoomPage.tsx")).RoomPage }));

/** The pages by address. */
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
      <InShell>
        <Switch>
          <Route path="/invite/:secret">
            <SignInPage reason="You are invited to a meeting. Say who you are, then go in." />
          </Route>
          <Route>
            <SignInPage />
          </Route>
        </Switch>
      </InShell>
    );
  // Of one person nothing is kept for the next.
  return (
    <SignedIn key={session.userId}>
      <PersonalPages session={session} />
    </SignedIn>
  );
}

/** With a connection of the person's own, which ends the session when the server does not take its token. */
function SignedIn({ children }: { children: ReactNode }) {
  const { store } = useSurroundings();
  const onRefused = useCallback(() => store.end({ ranOut: true }), [store]);
  const client = useLiveClient({ baseUrl: location.origin, credentials: store, onRefused });
  return client && <Connected connection={client}>{children}</Connected>;
}

function PersonalPages({ session }: { session: Session }) {
  return (
    <Switch>
      <Route path="/meet/:meetingId">
        {({ meetingId }) => (
          <Arriving>
            <RoomPage key={meetingId} {...{ meetingId, session }} />
          </Arriving>
        )}
      </Route>
      <Route>
        <InShell navigation={<Navigation />}>
          <QuietPages session={session} />
        </InShell>
      </Route>
    </Switch>
  );
}

function QuietPages({ session }: { session: Session }) {
  return (
    <Switch>
      <Route path="/">
        <MeetingsPage />
      </Route>
      <Route path="/sign-in">
        <TokenPage session={session} />
      </Route>
      <Route path="/meetings/:meetingId">
        {({ meetingId }) => <MeetingPage key={meetingId} meetingId={meetingId} />}
      </Route>
      <Route path="/invite/:secret">{({ secret }) => <InvitePage secret={secret} />}</Route>
      <Route path="/watch/:recordingId">
        {({ recordingId }) => <WatchPage key={recordingId} recordingId={recordingId} />}
      </Route>
      <Route path="/webhooks">
        <WebhooksPage />
      </Route>
      <Route>
        <NotFoundPage />
      </Route>
    </Switch>
  );
}

function InShell({ navigation, children }: ShellProps) {
  return (
    <Shell navigation={navigation}>
      <Arriving>{children}</Arriving>
    </Shell>
  );
}

/** While the code of a page is on its way, and when it does not come. */
function Arriving({ children }: { children: ReactNode }) {
  return (
    <Breakage>
      <Suspense fallback={<Arrival />}>{children}</Suspense>
    </Breakage>
  );
}

/** Silent at first: most pages are there before anybody could read that they are coming. */
function Arrival() {
  return (
    <main id="main" className="page arrival">
      <Spinner label="Loading" />
    </main>
  );
}
