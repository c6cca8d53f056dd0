import { type ReactNode, Suspense } from "react";
import { Spinner } from "../ui/Spinner.tsx";
import { Breakage } from "./Breakage.tsx";

/** While the code of a page is on its way, and when it does not come. */
export function Arriving({ children }: { children: ReactNode }) {
  return (
    <Breakage>
      <Suspense fallback={<Arrival />}>{children}</Suspense>
    </Breakage>
  );
}

/** Silent at first: most pages are there before anybody could read that they are coming. */
export function Arrival() {
  return (
    <main id="main" className="page arrival">
      <Spinner label="Loading" />
    </main>
  );
}
