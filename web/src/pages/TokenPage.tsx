import { type Ref, useEffect, useId } from "react";
import { safeReturnTo } from "../session/returnTo.ts";
import type { Session } from "../session/session.ts";
import { Button } from "../ui/Button.tsx";
import { Page } from "../ui/Page.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { useCopy } from "../ui/useCopy.ts";
import "./signInPage.css";

/** `/sign-in` once that is done: back to where the person came from (`return_to`), or their token for programs. */
export function TokenPage({ session }: { session: Session }) {
  const back = safeReturnTo(new URLSearchParams(location.search).get("return_to"));
  useEffect(() => {
    if (back !== undefined) location.replace(back);
  }, [back]);
  return back === undefined ? <Token session={session} /> : <Spinner label="Going back" />;
}

function Token({ session: { name, token, expiresAt } }: { session: Session }) {
  const { field, copy, said } = useCopy<HTMLTextAreaElement>("token");
  const until = new Date(expiresAt).toLocaleString();
  return (
    <Page title={`Signed in as ${name}`}>
      <div className="signIn panel stack">
        <p>Programs sign in with this token. It is good until {until}. Whoever has it is you.</p>
        <ReadOnly label="Token" value={token} rows={4} field={field} />
        <ReadOnly label="Try it" value={exampleCall(token)} rows={6} />
        <div className="row">
          <Button look="primary" onClick={() => void copy(token)}>
            Copy token
          </Button>
          <span role="status" className="soft small">
            {said}
          </span>
        </div>
      </div>
    </Page>
  );
}

interface ReadOnlyProps {
  label: string;
  value: string;
  rows: number;
  field?: Ref<HTMLTextAreaElement>;
}

function ReadOnly({ label, value, rows, field }: ReadOnlyProps) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <textarea id={id} ref={field} className="signIn__token" value={value} rows={rows} readOnly />
    </div>
  );
}

function exampleCall(token: string): string {
  return [
    `curl ${location.origin}/api/run/users/queries/getCurrentUser`,
    `-H 'Authorization: Bearer ${token}'`,
    "-H 'Content-Type: application/json'",
    `-d '{"args":{}}'`,
  ].join(" \\\n  ");
}
