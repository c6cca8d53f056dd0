import { Button } from "../ui/Button.tsx";
import { CopyField } from "../ui/CopyField.tsx";

/** A link to hand on: copied, or by the system's own sharing where there is one. */
export function LinkToShare({ url, title }: { url: string; title: string }) {
  // Rejects when the person thinks better of it.
  const share = () => navigator.share({ title, url }).catch(() => undefined);
  return (
    <CopyField noun="link" value={url}>
      {"share" in navigator && <Button onClick={() => void share()}>Share…</Button>}
    </CopyField>
  );
}
