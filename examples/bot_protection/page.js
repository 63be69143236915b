// The page of the bot_protection example. Its forms solve a puzzle before they are sent. The widget of
// ALTCHA does the same, shows its progress, and works in the background.

const element = (id) => document.getElementById(id);

// The token of the mailed link leaves the address bar, and is used when the button is pressed.
const linkToken = new URLSearchParams(location.search).get("token");
if (location.search) history.replaceState(null, "", location.pathname);

/** Returns the answer to a puzzle: which number, put behind the salt, has this hash? */
async function solve({ algorithm, challenge, salt, signature, maxnumber }) {
  const encoder = new TextEncoder();
  for (let number = 0; number <= maxnumber; number += 1) {
    const hash = await crypto.subtle.digest(algorithm, encoder.encode(`${salt}${number}`));
    const hex = Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
    if (hex === challenge) return btoa(JSON.stringify({ algorithm, challenge, number, salt, signature }));
  }
  throw new Error("The puzzle has no solution.");
}

/** Returns the JSON of the response, or throws an error with the message of the refusal. */
async function send(method, path, body, isChecked = false) {
  const headers = { Accept: "application/json" };
  const csrf = document.cookie.split("; ").find((entry) => entry.startsWith("csrf_token="));
  if (csrf) headers["X-CSRF-Token"] = csrf.slice("csrf_token=".length);
  // A solution works once, so each request gets one of its own.
  if (isChecked) headers["X-Bot-Check"] = await solve(await send("GET", "/bot-check"));
  if (body && !(body instanceof URLSearchParams)) {
    headers["Content-Type"] = "application/json";
    body = JSON.stringify(body);
  }
  const response = await fetch(path, { method, headers, body, cache: "no-store" });
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const { detail } = answer;
  throw new Error(Array.isArray(detail) ? detail.map(({ msg }) => msg).join(" ") : detail);
}

async function refresh() {
  const me = await send("GET", "/me").catch(() => null);
  for (const section of document.querySelectorAll(".signed-out")) section.hidden = me !== null;
  element("signed-in").hidden = me === null;
  element("name").textContent = me?.username ?? "";
}

document.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const path = new URL(form.action).pathname;
  const fields = Object.fromEntries(new FormData(form));
  if (form.parentElement.id === "verify") fields.token = linkToken;
  element("notice").textContent = "One moment …";
  try {
    const body = path === "/login" ? new URLSearchParams(fields) : fields;
    const { detail } = await send("POST", path, body, form.hasAttribute("data-checked"));
    form.reset();
    element("verify").hidden = true;
    element("notice").textContent = detail ?? "";
  } catch (error) {
    element("notice").textContent = error.message;
  }
  await refresh();
});

element("verify").hidden = linkToken === null;
await refresh();
