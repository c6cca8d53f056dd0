import { Link, useLocation } from "wouter";
import { functions } from "../api/functions.ts";
import { useLive } from "../api/useLive.ts";
import { administersOrg } from "../session/orgAdmin.ts";

/** The way to what an organisation's administrators do; nothing for anybody else. */
export function Navigation() {
  const [location] = useLocation();
  const { value: user } = useLive(functions.users.queries.getCurrentUser, {});
  if (!administersOrg(user)) return null;
  return (
    <nav className="shell__navigation" aria-label="Your organisation">
      <Link href="/webhooks" aria-current={location === "/webhooks" ? "page" : undefined}>
        Webhooks
      </Link>
    </nav>
  );
}
