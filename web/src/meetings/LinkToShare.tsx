import { useEffect, useRef, useState } from "react";
import { Button } from "../ui/Button.tsx";
import { Field } from "../ui/Field.tsx";

/** A link to hand on: copied, or by the system's own sharing where there is one. */
export function LinkToShare({ url, title }: { url: string; title: string }) {
  const [said, say] = useState("");
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.select(), []);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(url);
      say("Copied");
    } catch {
      // Not on http beyond this machine, and not where it was forbidden.
      field.current?.select();
      say("Copy the marked link yourself");
    }
  };
  // Rejects when the person thinks better of it.
  const share = () => navigator.share({ title, url }).catch(() => undefined);
  return (
    <div className="stack">
      <Field
        label="Link"
        ref={field}
        value={url}
        readOnly
        onFocus={(event) => event.target.select()}
      />
      <div className="row">
        <Button look="primary" onClick={() => void copy()}>
          Copy link
        </Button>
        {"share" in navigator && <Button onClick={() => void share()}>Share…</Button>}
        <span role="status" className="soft small">
          {said}
        </span>
      </div>
    </div>
  );
}
