import {
  ConvexProvider,
  ConvexReactClient,
  useMutation,
  usePaginatedQuery,
  useQuery,
} from "convex/react";
import { anyApi as api } from "convex/server";
import { createRoot } from "react-dom/client";

// The server's address stands behind the page's own.
const client = new ConvexReactClient(location.hash.slice(1), {
  skipConvexDeploymentUrlCheck: true,
});
client.setAuth(({ forceRefreshToken }) => globalThis.giveToken(forceRefreshToken));

const { getCurrentUserProfile } = api.profiles.queries;

/** Every name that was shown, and how each change of it ended. */
const names = [];
const endings = [];

function Profile() {
  const name = useQuery(getCurrentUserProfile, {})?.displayName;
  const change = useMutation(api.profiles.mutations.updateProfile).withOptimisticUpdate(
    (store, { displayName }) => {
      const profile = store.getQuery(getCurrentUserProfile, {});
      store.setQuery(getCurrentUserProfile, {}, { ...profile, displayName });
    },
  );
  if (name !== undefined && names.at(-1) !== name) names.push(name);
  globalThis.rename = (displayName) =>
    void change({ displayName }).then(
      () => endings.push("done"),
      (error) => endings.push(error.data?.code ?? error.message),
    );
  return <p>{name}</p>;
}

function People() {
  const { listActiveUsersInOrg } = api.users.queries;
  const { results, status, loadMore } = usePaginatedQuery(
    listActiveUsersInOrg,
    {},
    { initialNumItems: 3 },
  );
  globalThis.people = results.map(({ displayName }) => displayName);
  globalThis.status = status;
  globalThis.loadMore = loadMore;
  return <p>{status}</p>;
}

Object.assign(globalThis, { names, endings });

createRoot(document.body).render(
  <ConvexProvider client={client}>
    <Profile />
    <People />
  </ConvexProvider>,
);
