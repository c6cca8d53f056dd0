import path from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import type { Args, Person } from "../../support/person.ts";
import { until } from "../../support/until.ts";

/** A colour as a page writes it, and as its pixels have it. */
export type Rgb = readonly [red: number, green: number, blue: number];

export interface Publication {
  /** Where the meeting's media goes. */
  whipUrl: string;
  /** The room token. */
  token: string;
  codec: "VP8" | "H264";
  /** Of the left and the right half of the picture. */
  colours: readonly [Rgb, Rgb];
  pitchHz: number;
  configuration?: Configuration;
  /** Offers two encodings of the picture, the same picture on a second line, and a data channel. */
  generous?: boolean;
}

/** Of a connection: ICE servers, and whether only a relay will do. */
export interface Configuration {
  iceServers: readonly { urls: string | string[]; username?: string; credential?: string }[];
  iceTransportPolicy: "all" | "relay";
}

/** What ICE servers are good for: protocols to relays that answered, and STUN error codes of those that did not. */
export interface Relayed {
  protocols: string[];
  errors: number[];
}

/** Our own end of the way the media takes. */
export interface SentFrom {
  candidateType?: "host" | "srflx" | "prflx" | "relay";
  relayProtocol?: "udp" | "tcp" | "tls";
}

/** What a range request for the first four bytes of a file was answered with. */
export interface Beginning {
  status: number;
  /** The content-range header. */
  range: string | null;
  bytes: number;
}

/** What `page/webClient.js` adds to a page. */
interface WebClient {
  use(server: string, token: string): void;
  call(name: string, args: Args): Promise<unknown>;
  beginningOf(url: string): Promise<Beginning>;
  publish(publication: Omit<Publication, "colours"> & { colours: string[] }): Promise<void>;
  hangUp(): Promise<void>;
  lost(): Promise<string>;
  sentCodec(): Promise<string | undefined>;
  sentStreams(): Promise<string[]>;
  sentFrames(): Promise<number>;
  sentFrom(): Promise<SentFrom>;
  relayedVia(configuration: Configuration): Promise<Relayed>;
}

interface Globals {
  webClient: WebClient;
}

const client = path.join(import.meta.dirname, "page/webClient.js");

/** One person's browser window at `url`: a profile of its own, with the web client in its page. */
export class PersonPage {
  readonly context: BrowserContext;
  readonly page: Page;

  private constructor(context: BrowserContext, page: Page) {
    this.context = context;
    this.page = page;
  }

  static async open(browser: Browser, url: string): Promise<PersonPage> {
    const context = await browser.newContext({ baseURL: url });
    await context.addInitScript({ path: client });
    const page = await context.newPage();
    await page.goto("/");
    return new PersonPage(context, page);
  }

  /** Signs in as a person does: by the page, which leads back here. */
  async signIn(name: string): Promise<void> {
    await this.page.goto("/sign-in?return_to=/");
    await this.page.getByLabel("Your name").fill(name);
    await this.page.getByRole("button", { name: "Continue" }).click();
    await this.page.waitForURL("/");
  }

  /** On a page that is not the server's own: which server to use, as whom. */
  async use(server: string, { token }: Person): Promise<void> {
    await this.page.evaluate(
      ([url, bearer]) => (globalThis as unknown as Globals).webClient.use(url, bearer),
      [server, token] as const,
    );
  }

  /** Asks for the first bytes of a file by `fetch`, with the bearer token. */
  beginningOf(url: string): Promise<Beginning> {
    return this.page.evaluate(
      (file) => (globalThis as unknown as Globals).webClient.beginningOf(file),
      url,
    );
  }

  /** Calls a function by `fetch`, as the person signed in. */
  async call<T>(name: string, args: Args = {}): Promise<T> {
    const value = await this.page.evaluate(
      ([fn, given]) => (globalThis as unknown as Globals).webClient.call(fn, given),
      [name, args] as const,
    );
    return value as T;
  }

  /** Publishes by WHIP, without waiting for candidates. Resolves once connected. */
  async publish(publication: Publication): Promise<void> {
    const colours = publication.colours.map((colour) => `rgb(${colour.join(" ")})`);
    await this.page.evaluate(
      (given) => (globalThis as unknown as Globals).webClient.publish(given),
      { ...publication, colours },
    );
  }

  /**
   * Ends the publication as WHIP has it, by DELETE of the address the server named, and by nothing else: the page itself
   * goes on sending.
   */
  hangUp(): Promise<void> {
    return this.page.evaluate(() => (globalThis as unknown as Globals).webClient.hangUp());
  }

  /** Resolves with the state of the connection once it is lost. */
  lost(): Promise<string> {
    return this.page.evaluate(() => (globalThis as unknown as Globals).webClient.lost());
  }

  /** The kind of each stream that is being sent. */
  sentStreams(): Promise<string[]> {
    return this.page.evaluate(() => (globalThis as unknown as Globals).webClient.sentStreams());
  }

  /** Codec of the video being sent, as `video/VP8`; undefined before the first picture. */
  sentCodec(): Promise<string | undefined> {
    return this.page.evaluate(() => (globalThis as unknown as Globals).webClient.sentCodec());
  }

  /** Waits until that many more pictures have been sent. */
  async sendsOn(pictures: number): Promise<void> {
    const sent = () =>
      this.page.evaluate(() => (globalThis as unknown as Globals).webClient.sentFrames());
    const before = await sent();
    await until(`${pictures} more pictures were sent`, 60_000, async () => {
      return (await sent()) >= before + pictures;
    });
  }

  /** Which way the media being sent takes. */
  sentFrom(): Promise<SentFrom> {
    return this.page.evaluate(() => (globalThis as unknown as Globals).webClient.sentFrom());
  }

  /** Tries ICE servers without publishing anything. */
  relayedVia(configuration: Configuration): Promise<Relayed> {
    return this.page.evaluate(
      (given) => (globalThis as unknown as Globals).webClient.relayedVia(given),
      configuration,
    );
  }

  /** Ends the process behind the page, as running out of memory does. */
  async crash(): Promise<void> {
    const crashed = this.page.waitForEvent("crash");
    const devtools = await this.context.newCDPSession(this.page);
    // It never answers: there is nobody left who could.
    devtools.send("Page.crash").catch(() => undefined);
    await crashed;
  }
}
