import { type FormEvent, useState } from "react";
import { offline } from "../api/refusal.ts";
import { useAction } from "../api/useAction.ts";
import type { Session } from "../session/session.ts";
import { useSurroundings } from "../session/sessionContext.tsx";
import { signInWay } from "../session/signInWays.ts";
import { Button } from "../ui/Button.tsx";
import { Field } from "../ui/Field.tsx";
import { Notice } from "../ui/Notice.tsx";
import { Page } from "../ui/Page.tsx";
import { RefusalNotice } from "../ui/RefusalNotice.tsx";
import { fieldError } from "../words/refusals.ts";
import "./signInPage.css";

/** Fetched when somebody signs in: until then nothing is asked of the server. @throws ApiError OFFLINE */
const waysIn = () =>
  import("../session/signIn.ts").catch(() => {
    throw offline();
  });

/** Shown in place of any page while nobody is signed in; the page follows at the same address. */
export function SignInPage({ reason }: { reason?: string }) {
  const { store } = useSurroundings();
  return (
    <Page title="Sign in">
      <div className="signIn panel stack">
        {store.ranOut && <Notice>Your sign-in has run out. Sign in again to go on.</Notice>}
        {reason !== undefined && <p>{reason}</p>}
        {signInWay() === "name" ? <ByName /> : <ByToken />}
      </div>
    </Page>
  );
}

function ByName() {
  return (
    <SignInForm
      label="Your name"
      field="name"
      hint="There are no passwords here: the same name is always the same person."
      autoComplete="nickname"
      signIn={async (name) => (await waysIn()).signInByName(location.origin, name)}
    />
  );
}

function ByToken() {
  return (
    <>
      <p>
        This server does not sign people in by itself. Open the meeting in the product you know it
        from: that signs you in. If you were given a token, it does as well.
      </p>
      <SignInForm
        label="Token"
        field="token"
        autoComplete="off"
        signIn={async (token) => (await waysIn()).signInWithToken(location.origin, token.trim())}
      />
    </>
  );
}

interface SignInFormProps {
  label: string;
  /** What the server calls it. */
  field: string;
  hint?: string;
  autoComplete: string;
  signIn: (value: string) => Promise<Session>;
}

function SignInForm({ label, field, hint, autoComplete, signIn }: SignInFormProps) {
  const { store } = useSurroundings();
  const { run, busy, error } = useAction();
  const [value, setValue] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => store.begin(await signIn(value)));
  };
  const problem = fieldError(error, field);
  return (
    <form className="stack" onSubmit={submit} noValidate>
      <Field
        label={label}
        value={value}
        onChange={(event) => setValue(event.target.value)}
        hint={hint}
        error={problem}
        autoComplete={autoComplete}
        autoFocus
      />
      {error !== undefined && problem === undefined && <RefusalNotice error={error} />}
      <Button type="submit" look="primary" busy={busy}>
        Continue
      </Button>
    </form>
  );
}
