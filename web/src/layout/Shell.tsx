import type { ReactNode } from "react";
import { Link } from "wouter";
import { useSession, useSurroundings } from "../session/sessionContext.tsx";
import { Button } from "../ui/Button.tsx";
import { Logo } from "../ui/Logo.tsx";
import "./shell.css";

export interface ShellProps {
  /** Ways to other pages, beside the name. */
  navigation?: ReactNode;
  children: ReactNode;
}

/** Around every page but the room: where one is, and who. */
export function Shell({ navigation, children }: ShellProps) {
  const { store } = useSurroundings();
  const session = useSession();
  return (
    <>
      <a className="skipLink" href="#main">
        Skip to the content
      </a>
      <header className="shell">
        <Link href="/" className="shell__brand">
          <Logo />
          Connvo
        </Link>
        {navigation}
        {session !== undefined && (
          <div className="shell__person">
            <Link href="/profile" className="shell__name" title="My profile">
              {session.name}
            </Link>
            <Button look="quiet" small onClick={() => store.end()}>
              Sign out
            </Button>
          </div>
        )}
      </header>
      {children}
    </>
  );
}
