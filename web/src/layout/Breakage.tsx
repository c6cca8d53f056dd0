import { Component, type ReactNode } from "react";
import { Button } from "../ui/Button.tsx";
import { Notice } from "../ui/Notice.tsx";

interface BreakageState {
  broken: boolean;
}

/** Says that a page broke, or could not be fetched because the server is away, in place of a blank one. */
export class Breakage extends Component<{ children: ReactNode }, BreakageState> {
  override state: BreakageState = { broken: false };

  static getDerivedStateFromError(): BreakageState {
    return { broken: true };
  }

  override render(): ReactNode {
    if (!this.state.broken) return this.props.children;
    return (
      <main id="main" className="page">
        <h1>This page could not be shown</h1>
        <Notice tone="bad" action={<Button onClick={() => location.reload()}>Try again</Button>}>
          A part of it could not be fetched, or broke. Nothing of your meetings or recordings is
          lost.
        </Notice>
      </main>
    );
  }
}
