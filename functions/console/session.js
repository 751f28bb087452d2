// Who reads: a token for this tab alone (sessionStorage), from the address's fragment, from a sign-in, or pasted.

const TOKEN = "placard.token";
const SIGNING_IN = "placard.signing-in";
const SCOPES = "openid placard/read placard/write";

/** Return the token, empty without one. */
export const readToken = () => sessionStorage.getItem(TOKEN) ?? "";
export const dropToken = () => sessionStorage.removeItem(TOKEN);
export const keepToken = (token) => sessionStorage.setItem(TOKEN, token);

/** Take the token out of `#token=…`, which leaves the address and the history at once. */
export function takeFragment() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!token) return false;
  keepToken(token);
  forgetAddress();
  return true;
}

/** How people sign in here: `{authorizeUrl, tokenUrl, clientId}`, empty texts where they do not. */
export async function readSettings() {
  const answer = await fetch("console/settings.json");
  return answer.ok ? answer.json() : {};
}

/** Leave for the sign-in page (OAuth 2.0 authorization code with PKCE, RFC 7636). */
export async function leaveToSignIn(settings) {
  const verifier = randomText();
  const state = randomText();
  sessionStorage.setItem(SIGNING_IN, JSON.stringify({ verifier, state }));
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  const address = new URL(settings.authorizeUrl); // may carry what its provider asks for, such as an audience
  const query = {
    response_type: "code",
    client_id: settings.clientId,
    redirect_uri: here(),
    scope: SCOPES,
    state,
    code_challenge: toBase64Url(new Uint8Array(digest)),
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value);
  location.assign(address);
}

/** Whether the reader comes back from there. */
export const comesBack = () => ["code", "error"].some((name) => new URLSearchParams(location.search).has(name));

/** Make the code into a token. Throws an Error where that fails or somebody else asked for it. */
export async function finishSignIn(settings) {
  const given = new URLSearchParams(location.search);
  const { verifier, state } = JSON.parse(sessionStorage.getItem(SIGNING_IN) ?? "{}");
  sessionStorage.removeItem(SIGNING_IN);
  forgetAddress();
  if (given.has("error")) throw new Error(given.get("error_description") ?? given.get("error"));
  if (!state || given.get("state") !== state) throw new Error("state");
  const answer = await fetch(settings.tokenUrl, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "authorization_code",
      client_id: settings.clientId,
      code: given.get("code"),
      redirect_uri: here(),
      code_verifier: verifier,
    }),
    credentials: "omit",
  });
  const said = await answer.json();
  if (!answer.ok || !said.access_token) throw new Error(said.error_description ?? said.error ?? String(answer.status));
  keepToken(said.access_token);
}

const here = () => location.origin + location.pathname;
const forgetAddress = () => history.replaceState(null, "", location.pathname);
const randomText = () => toBase64Url(crypto.getRandomValues(new Uint8Array(32)));
const toBase64Url = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
