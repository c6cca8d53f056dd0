import { lazy, type ReactNode, useCallback } from "react";
import { Route, Switch } from "wouter";
import { Connected, useLiveClient } from "./api/liveContext.tsx";
import { Arriving } from "./layout/Arriving.tsx";
import { Navigation } from "./layout/Navigation.tsx";
import { Shell } from "./layout/Shell.tsx";
import { MeetingsPage } from "./pages/MeetingsPage.tsx";
import { NotFoundPage } from "./pages/NotFoundPage.tsx";
import type { Session } from "./session/session.ts";
import { useSurroundings } from "./session/sessionContext.tsx";

// What is shown at `/` comes at once, the rest when it is gone to.
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
const MatchPage = lazy(async () => ({
  default: (await import("./pages/MatchPage.tsx")).MatchPage,
}));
const SearchPage = lazy(async () => ({
  default: (await import("./pages/SearchPage.tsx")).SearchPage,
}));
const ProfilePage = lazy(async () => ({
  default: (await import("./pages/ProfilePage.tsx")).ProfilePage,
}));
const WelcomePage = lazy(async () => ({
  default: (await import("./pages/WelcomePage.tsx")).WelcomePage,
}));
const RoomPage = lazy(async () => ({ default: (await import("./room/RoomPage.tsx")).RoomPage }));

/** The pages of somebody who is signed in, by address. */
export function SignedIn({ session }: { session: Session }) {
  return (
    <WithConnection>
      <Switch>
        <Route path="/meet/:meetingId">
          {({ meetingId }) => (
            <Arriving>
              <RoomPage key={meetingId} {...{ meetingId, session }} />
            </Arriving>
          )}
        </Route>
        <Route>
          <Shell navigation={<Navigation />}>
            <Arriving>
              <QuietPages session={session} />
            </Arriving>
          </Shell>
        </Route>
      </Switch>
    </WithConnection>
  );
}

/** With a connection of the person's own, which ends the session when the server does not take its token. */
function WithConnection({ children }: { children: ReactNode }) {
  const { store } = useSurroundings();
  const onRefused = useCallback(() => store.end({ ranOut: true }), [store]);
  const client = useLiveClient({ baseUrl: location.origin, credentials: store, onRefused });
  return client && <Connected connection={client}>{children}</Connected>;
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
      <Route path="/match">
        <MatchPage />
      </Route>
      <Route path="/search">
        <SearchPage />
      </Route>
      <Route path="/profile">
        <ProfilePage session={session} />
      </Route>
      <Route path="/welcome">
        <WelcomePage />
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
