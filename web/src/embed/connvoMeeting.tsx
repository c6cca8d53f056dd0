import { createRoot, type Root } from "react-dom/client";
import notesStyles from "../notes/notes.css?inline";
import type { MeetingEvent } from "../room/parts/meetingTypes.ts";
import roomStyles from "../room/room.css?inline";
import { Store } from "../state/store.ts";
import baseStyles from "../styles/base.css?inline";
import controlStyles from "../styles/controls.css?inline";
import tokenStyles from "../styles/tokens.css?inline";
import { EmbeddedMeeting } from "./EmbeddedMeeting.tsx";
import embedStyles from "./embed.css?inline";

const styles = [tokenStyles, baseStyles, controlStyles, roomStyles, notesStyles, embedStyles].join(
  "\n",
);

/**
 * `<connvo-meeting server="https://meet.example.org" meeting="meeting_…" token="…">`: lobby and room of one meeting, with
 * its styles kept to itself. `server` is where this script came from unless said otherwise. The token is better set as
 * the property, which leaves no trace in the document, and may be renewed at any time.
 * Events (bubbling): `joined`, `left`, `recordingstarted`, `recordingstopped` (detail: recordingId), `error` (detail:
 * code, message).
 */
class ConnvoMeeting extends HTMLElement {
  static readonly observedAttributes = ["server", "meeting", "token"];
  #root: Root | undefined;
  readonly #given = new Store<string | undefined>(undefined);

  /** Bearer token of the function API. */
  get token(): string | undefined {
    return this.#given.get() ?? this.getAttribute("token") ?? undefined;
  }

  set token(token: string | undefined) {
    const had = this.token !== undefined;
    this.#given.set(token);
    if (!had) this.#render();
  }

  connectedCallback(): void {
    const shadow = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(styles);
    shadow.adoptedStyleSheets = [sheet];
    const place = document.createElement("div");
    place.className = "embed";
    shadow.replaceChildren(place);
    this.#root = createRoot(place);
    this.#takeEarlierToken();
    this.#render();
  }

  /** What was set before this script was there stands on the element itself and hides the property. */
  #takeEarlierToken(): void {
    if (!Object.hasOwn(this, "token")) return;
    const { token } = this;
    Reflect.deleteProperty(this, "token");
    this.token = token;
  }

  disconnectedCallback(): void {
    this.#root?.unmount();
    this.#root = undefined;
  }

  attributeChangedCallback(name: string, before: string | null): void {
    if (name !== "token" || before === null) this.#render();
    // A renewed one is told to whoever asks with it.
    else this.#given.set(this.#given.get());
  }

  #render(): void {
    const meetingId = this.getAttribute("meeting");
    if (meetingId === null || this.token === undefined) {
      this.#root?.render(null);
      return;
    }
    const server = new URL(this.getAttribute("server") ?? import.meta.url, document.baseURI).origin;
    this.#root?.render(
      <EmbeddedMeeting
        key={`${server} ${meetingId}`}
        server={server}
        meetingId={meetingId}
        credentials={this.#credentials}
        onEvent={this.#tell}
      />,
    );
  }

  readonly #credentials = { token: () => this.token, subscribe: this.#given.subscribe };

  readonly #tell = ({ type, ...detail }: MeetingEvent) => {
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
  };
}

customElements.define("connvo-meeting", ConnvoMeeting);
