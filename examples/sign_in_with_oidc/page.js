// The page of the sign_in_with_oidc example. It sends requests to the library's routes and shows the
// answers. All rules are on the server.

const element = (id) => document.getElementById(id);

// What the library says of a sign-in that failed.
const REASONS = {
  account_inactive: "This account is disabled.",
  email_missing: "The provider told no email address.",
  email_unverified: "The provider has not verified your email address.",
  invalid_state: "That took too long, or began in another browser. Please try again.",
  provider_already_linked: "Your address belongs to an account of another person at the provider.",
};

function cookie(name) {
  const pair = document.cookie.split("; ").find((entry) => entry.startsWith(`${name}=`));
  return pair?.slice(name.length + 1);
}

/** Returns the JSON of the response, or throws an error with the message of the refusal. */
async function send(method, path, body) {
  const headers = { Accept: "application/json" };
  const csrf = cookie("csrf_token");
  if (method !== "GET" && csrf) headers["X-CSRF-Token"] = csrf;
  if (body) headers["Content-Type"] = "application/json";
  const response = await fetch(path, { method, headers, body: body && JSON.stringify(body), cache: "no-store" });
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const { detail } = answer;
  throw new Error(Array.isArray(detail) ? detail.map(({ msg }) => msg).join(" ") : detail);
}

function entry({ id, provider, email }) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  item.textContent = `${provider}${email ? `: ${email}` : ""} `;
  button.textContent = "Remove";
  button.addEventListener("click", () => attempt(() => send("DELETE", `/oauth/connections/${id}`)));
  item.append(button);
  return item;
}

async function refresh() {
  const me = await send("GET", "/me").catch(() => null);
  element("signed-out").hidden = me !== null;
  for (const id of ["signed-in", "connections", "password"]) element(id).hidden = me === null;
  if (!me) return;
  element("name").textContent = me.username;
  element("email").textContent = me.email;
  const list = await send("GET", "/oauth/connections");
  element("connections").querySelector("ul").replaceChildren(...list.map(entry));
}

async function attempt(action) {
  element("notice").textContent = "";
  try {
    const answer = await action();
    element("notice").textContent = answer?.detail ?? "";
  } catch (error) {
    element("notice").textContent = error.message;
  }
  await refresh();
}

const ACTIONS = {
  "log-out": () => send("POST", "/logout"),
  "set-password": (form) => send("POST", "/set-password", { new_password: form.get("new_password") }),
  connect: async () => {
    const { url } = await send("POST", "/oauth/oidc/connect", { redirect_to: "/" });
    location.assign(url);
  },
};

document.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  attempt(() => ACTIONS[form.dataset.action](new FormData(form)));
});

const failure = new URLSearchParams(location.search).get("error");
if (location.search) history.replaceState(null, "", location.pathname);
await refresh();
if (failure) element("notice").textContent = REASONS[failure] ?? "The sign-in failed. Please try again.";
