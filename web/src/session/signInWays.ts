/** How people sign in here: by name at the server itself, or with a token of another issuer. */
export type SignInWay = "name" | "token";

/** What the server wrote into the document. */
export function signInWay(page: Document = document): SignInWay {
  const told = page.querySelector('meta[name="connvo-sign-in"]')?.getAttribute("content");
  return told === "token" ? "token" : "name";
}
