import { type FormEvent, useState } from "react";
import { ApiError } from "../api/apiError.ts";
import { useSurroundings } from "../session/sessionContext.tsx";
import { signInByName } from "../session/signIn.ts";
import { Button } from "../ui/Button.tsx";
import { Field } from "../ui/Field.tsx";
import { Notice } from "../ui/Notice.tsx";
import { Page } from "../ui/Page.tsx";
import { RefusalNotice } from "../ui/RefusalNotice.tsx";

/** Shown in place of any page while nobody is signed in; the page follows at the same address. */
export function SignInPage({ reason }: { reason?: string | undefined }) {
  const { store } = useSurroundings();
  const [name, setName] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setError(undefined);
    try {
      store.begin(await signInByName(location.origin, name));
    } catch (refusal) {
      setError(refusal);
      setBusy(false);
    }
  };
  const fieldError =
    error instanceof ApiError && error.metadata["field"] === "name" ? error.message : undefined;
  return (
    <Page title="Sign in">
      {store.ranOut && <Notice>Your sign-in has run out. Sign in again to go on.</Notice>}
      {reason !== undefined && <p>{reason}</p>}
      <form onSubmit={(event) => void submit(event)} noValidate>
        <Field
          label="Your name"
          value={name}
          onChange={(event) => setName(event.target.value)}
          autoComplete="nickname"
          maxLength={160}
          error={fieldError}
          hint="There are no passwords here: the same name is always the same person."
        />
        <Button type="submit" look="primary" busy={busy}>
          Continue
        </Button>
      </form>
      {error !== undefined && fieldError === undefined && <RefusalNotice error={error} />}
    </Page>
  );
}
