import { createHash } from "node:crypto";

/** Key under which the page leaves the token in `sessionStorage`. */
export const tokenStorageKey = "connvo.token";

const style = `
:root { color-scheme: light dark; --ground: #f6f7f9; --card: #fff; --text: #16181d; --soft: #565c69; --line: #8b93a3; --accent: #1f55c7; --on-accent: #fff; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ground: #101216; --card: #1a1d23; --text: #eceef2; --soft: #a6adbb; --line: #747c8c; --accent: #8fb4ff; --on-accent: #0c1a38; --bad: #ffb4ab; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--ground); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
main { width: min(30rem, 100%); padding: 2rem; border-radius: 1rem; background: var(--card); }
h1 { margin: 0 0 .25rem; font-size: 1.5rem; line-height: 1.2; }
p { margin: 0 0 1.5rem; color: var(--soft); }
label { display: block; margin-bottom: .375rem; font-weight: 600; }
input, textarea, button { width: 100%; padding: .75rem; border: 1px solid var(--line); border-radius: .5rem; background: transparent; color: inherit; font: inherit; }
textarea { margin-bottom: .75rem; resize: vertical; font: .8125rem/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
button { margin-top: 1rem; border-color: transparent; background: var(--accent); color: var(--on-accent); font-weight: 600; cursor: pointer; }
button:disabled { opacity: .6; cursor: progress; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
h1:focus { outline: none; }
#problem { margin: .75rem 0 0; color: var(--bad); }
[hidden] { display: none; }
`;

const script = `
const byId = (id) => document.getElementById(id);
const form = byId("form"), field = byId("name"), button = byId("submit"), problem = byId("problem");
const say = (text) => { problem.textContent = text; field.setAttribute("aria-invalid", String(text !== "")); };
async function requestToken(name) {
  const response = await fetch("/auth/local/token", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name }),
  });
  const body = await response.json();
  if (!response.ok) throw new Error(body.message);
  return body.token;
}
function show(token) {
  form.hidden = true;
  byId("token").value = token;
  byId("example").value = "curl " + location.origin + "/api/run/users/queries/getCurrentUser \\\\\\n"
    + "  -H 'Authorization: Bearer " + token + "' \\\\\\n"
    + "  -H 'Content-Type: application/json' -d '{\\"args\\":{}}'";
  byId("result").hidden = false;
  byId("title").textContent = "Signed in as " + field.value.trim();
  byId("title").focus();
}
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  say("");
  button.disabled = true;
  try {
    const token = await requestToken(field.value);
    sessionStorage.setItem("${tokenStorageKey}", token);
    const { returnTo } = document.body.dataset;
    if (returnTo) location.assign(returnTo);
    else show(token);
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    field.focus();
  } finally {
    button.disabled = false;
  }
});
byId("copy").addEventListener("click", async () => {
  byId("token").select();
  await navigator.clipboard.writeText(byId("token").value);
  byId("copied").textContent = "Copied";
});
`;

/** Allows exactly the style and the script above, and requests to this server. */
export const signInPolicy = [
  "default-src 'none'",
  `style-src '${digest(style)}'`,
  `script-src '${digest(script)}'`,
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** The sign-in page: leaves the token in `sessionStorage` and goes to `returnTo`, or shows it when there is none. */
export function signInPage(returnTo: string | undefined): string {
  const attribute = returnTo === undefined ? "" : ` data-return-to="${escapeAttribute(returnTo)}"`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in · Connvo</title>
<style>${style}</style>
</head>
<body${attribute}>
<main>
<h1 id="title" tabindex="-1">Sign in</h1>
<noscript><p>This page needs JavaScript. POST {"name": "…"} to /auth/local/token does the same.</p></noscript>
<form id="form" novalidate>
<p>This server keeps no passwords: pick a name, and the same name is always the same person.</p>
<label for="name">Your name</label>
<input id="name" name="name" autocomplete="nickname" maxlength="160" required autofocus aria-describedby="problem">
<p id="problem" role="alert"></p>
<button id="submit">Continue</button>
</form>
<div id="result" hidden>
<p>Your token is good for 12 hours. Whoever has it is you.</p>
<label for="token">Token</label>
<textarea id="token" rows="4" readonly></textarea>
<label for="example">Try it</label>
<textarea id="example" rows="6" readonly></textarea>
<button id="copy" type="button">Copy token</button>
<p id="copied" role="status"></p>
</div>
</main>
<script>${script}</script>
</body>
</html>
`;
}

/** The path on this server a caller wants to come back to; anything that could lead elsewhere is undefined. */
export function safeReturnTo(wanted: unknown): string | undefined {
  if (typeof wanted !== "string" || wanted.length > 2048 || !wanted.startsWith("/"))
    return undefined;
  const base = "http://server.invalid";
  if (!URL.canParse(wanted, base)) return undefined;
  const { origin, pathname, search, hash } = new URL(wanted, base);
  // `/.//elsewhere` is a path as written and another host once its dots are gone.
  return origin === base && !pathname.startsWith("//") ? pathname + search + hash : undefined;
}

function escapeAttribute(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
}

function digest(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}
