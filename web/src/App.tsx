import { lazy, Suspense } from "react";
import { Route, Switch } from "wouter";
import { MeetingsPage } from "./pages/MeetingsPage.tsx";
import { SignInPage } from "./pages/SignInPage.tsx";
import {
  type Surroundings,
  SurroundingsContext,
  useApi,
  useSession,
} from "./session/sessionContext.tsx";
import { Spinner } from "./ui/Spinner.tsx";
import { Toasts } from "./ui/Toast.tsx";

const RoomPage = lazy(() =>
  import("./room/RoomPage.tsx").then((module) => ({ default: module.RoomPage })),
);
const WatchPage = lazy(() =>
  import("./pages/WatchPage.tsx").then((module) => ({ default: module.WatchPage })),
);

/** The pages by address. */
export function App({ surroundings }: { surroundings: Surroundings }) {
  return (
    <SurroundingsContext value={surroundings}>
      <Toasts>
        <Suspense fallback={<Spinner label="Loading" />}>
          <Pages />
        </Suspense>
      </Toasts>
    </SurroundingsContext>
  );
}

function Pages() {
  const session = useSession();
  const api = useApi();
  if (session === undefined) return <SignInPage />;
  return (
    <Switch>
      <Route path="/">{() => <MeetingsPage />}</Route>
      <Route path="/meet/:meetingId">
        {({ meetingId }) => <RoomPage key={meetingId} {...{ meetingId, api, session }} />}
      </Route>
      <Route path="/watch/:recordingId">
        {({ recordingId }) => <WatchPage key={recordingId} recordingId={recordingId} />}
      </Route>
    </Switch>
  );
}
