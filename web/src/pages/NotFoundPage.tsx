import { Link } from "wouter";
import { Page } from "../ui/Page.tsx";

export function NotFoundPage() {
  return (
    <Page title="There is no such page">
      <p>
        The address may be mistyped. <Link href="/">Go to my meetings</Link>
      </p>
    </Page>
  );
}
