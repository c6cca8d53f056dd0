import { useId } from "react";
import { Button } from "../ui/Button.tsx";
import { CopyField } from "../ui/CopyField.tsx";
import { momentWords } from "../words/time.ts";

/** A secret as the server tells it: once. */
export interface Secret {
  secret: string;
  /** Until when the one before signs too, epoch ms; absent when there was none. */
  previousSecretUntil?: number;
}

export interface NewSecretProps extends Secret {
  /** The person has kept it. */
  onKept: () => void;
}

/** An endpoint's new secret, which is shown until the person says that they have kept it. */
export function NewSecret({ secret, previousSecretUntil, onKept }: NewSecretProps) {
  const titleId = useId();
  return (
    <section className="endpoint__secret" aria-labelledby={titleId}>
      <h4 id={titleId}>The secret of this endpoint</h4>
      <p>
        It is shown this once. Give it to your receiver, which checks with it that messages come
        from this server: whoever has it can sign messages too.
      </p>
      {previousSecretUntil !== undefined && (
        <p>
          Until {momentWords(previousSecretUntil, Date.now())} every message is signed with both,
          the old secret and this one. Give your receiver this one before then.
        </p>
      )}
      <CopyField noun="secret" value={secret} takesFocus>
        <Button onClick={onKept}>I have kept it</Button>
      </CopyField>
    </section>
  );
}
