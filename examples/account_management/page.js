// The page of the account_management example. It sends forms to the library's routes and shows the
// answers. All rules are on the server. A form's `data-action` names its function below.

// A mailed link carries its token in the query. It is removed from the address bar first, and used
// only when the user presses the button, because mail scanners open links too.
const linkToken = new URLSearchParams(location.search).get("token");
const isLink = location.pathname === "/verify-email";
const links = {
  "/delete-account": { text: "This deletes your account and everything in it.", path: "/account/delete-confirm" },
  "/restore-account": { text: "This keeps your account. You sign in again then.", path: "/account/restore" },
};
const link = links[location.pathname];
if (location.search) history.replaceState(null, "", location.pathname);

const element = (id) => document.getElementById(id);
let challenge = null;
let cursor = null;
let search = "";

// --- Requests

function cookie(name) {
  const pair = document.cookie.split("; ").find((entry) => entry.startsWith(`${name}=`));
  return pair?.slice(name.length + 1);
}

/** Returns the JSON of the response, or throws an error with the message of the refusal. */
async function send(method, path, body) {
  const headers = { Accept: "application/json" };
  const csrf = cookie("csrf_token");
  if (method !== "GET" && csrf) headers["X-CSRF-Token"] = csrf;
  const isJson = body && !(body instanceof URLSearchParams);
  if (isJson) headers["Content-Type"] = "application/json";
  const response = await fetch(path, { method, headers, body: isJson ? JSON.stringify(body) : body, cache: "no-store" });
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const { detail } = answer;
  const text = Array.isArray(detail) ? detail.map(({ msg }) => msg).join(" ") : detail;
  throw Object.assign(new Error(text ?? `The server answered ${response.status}.`), { code: answer.code, status: response.status });
}

const post = (path, body = {}) => send("POST", path, body);

// --- Views

function show(view) {
  for (const one of document.querySelectorAll("[data-view]")) one.hidden = one.dataset.view !== view;
  const heading = document.querySelector(`[data-view="${view}"] h2`);
  document.title = `${heading.textContent} - crudauth`;
  heading.focus();
}

function showSignedOut() {
  document.querySelectorAll("form").forEach((form) => form.reset());
  forgetSecrets();
  show(location.hash === "#sign-up" ? "sign-up" : "log-in");
}

function forgetSecrets() {
  element("setup").hidden = true;
  element("qr").removeAttribute("src");
  element("secret").textContent = "";
  element("codes").hidden = true;
  element("codes").querySelector("ul").replaceChildren();
  element("download").removeAttribute("href");
}

/** Shows the signed-in account. Returns false without a session. */
async function openAccount() {
  const me = await send("GET", "/me").catch(() => null);
  if (!me) return false;
  element("username").textContent = me.username;
  element("admin").hidden = !me.is_superuser;
  await showFactor();
  await listSessions();
  show("account");
  return true;
}

/** Opens the box for fresh proof if a refusal asks for it. */
async function proved(action) {
  try {
    return await action();
  } catch (refusal) {
    if (refusal.code === "reauthentication-required") element("proof").hidden = false;
    throw refusal;
  }
}

async function showFactor() {
  const { enabled, recovery_codes_remaining: left } = await send("GET", "/mfa");
  element("factor").textContent = enabled ? `on, ${left} recovery codes left` : "off";
  for (const one of document.querySelectorAll("[data-factor]")) one.hidden = (one.dataset.factor === "on") !== enabled;
}

async function listSessions() {
  const sessions = await send("GET", "/sessions");
  const items = sessions.map(({ device, ip, current }) => {
    const name = [device?.browser, device?.os].filter(Boolean).join(" on ") || "Unknown device";
    return Object.assign(document.createElement("li"), { textContent: `${name}, ${ip ?? "unknown address"}${current ? " (this one)" : ""}` });
  });
  element("sessions").replaceChildren(...items);
}

/** Shows the authenticator to be added, where a second factor is required. */
function showSetup(setup) {
  const box = document.querySelector("[data-view=code] .setup");
  box.hidden = !setup;
  box.querySelector("img").src = setup ? `data:image/svg+xml,${encodeURIComponent(setup.qr_code)}` : "";
  box.querySelector("code").textContent = setup?.secret ?? "";
}

function showCodes(codes) {
  const items = codes.map((code) => {
    const item = document.createElement("li");
    item.append(Object.assign(document.createElement("code"), { textContent: code }));
    return item;
  });
  element("codes").querySelector("ul").replaceChildren(...items);
  element("download").href = `data:text/plain,${encodeURIComponent(codes.join("\n"))}`;
  element("codes").hidden = false;
  element("codes").querySelector("h2").focus();
}

// --- Actions: each returns the message to show

async function signedIn({ recovery_codes: codes }) {
  challenge = null;
  await openAccount();
  if (codes) showCodes(codes);
  return "";
}

const actions = {
  async "log-in"(form) {
    const answer = await send("POST", "/login", new URLSearchParams(new FormData(form)));
    if (!answer.mfa_required) return signedIn(answer);
    challenge = answer.challenge;
    show("code");
    showSetup(answer.setup);
    return "";
  },
  async verify(form) {
    try {
      return await signedIn(await post("/mfa/verify", { challenge, code: form.elements.code.value }));
    } catch (refusal) {
      if (refusal.code !== "challenge-ended") throw refusal;
      showSignedOut();
      element("notice").textContent = "The sign-in has ended. Log in again.";
      return "";
    }
  },
  async "sign-up"(form) {
    const { detail } = await post("/register", Object.fromEntries(new FormData(form)));
    return detail;
  },
  async "verify-email"() {
    const { detail } = await post("/email/verify-confirm", { token: linkToken });
    return detail;
  },
  async "log-out"() {
    await post("/logout");
    showSignedOut();
    return "";
  },
  async "log-out-others"() {
    const { detail } = await post("/logout-all?keep_current=true");
    await listSessions();
    return detail;
  },
  async "set-up"(form) {
    const setup = await post("/mfa/totp/setup", { password: form.elements.password.value });
    element("qr").src = `data:image/svg+xml,${encodeURIComponent(setup.qr_code)}`;
    element("secret").textContent = setup.secret;
    element("setup").hidden = false;
    return "";
  },
  async confirm(form) {
    const { recovery_codes: codes } = await post("/mfa/totp/confirm", { code: form.elements.code.value });
    forgetSecrets();
    await showFactor();
    await listSessions();
    showCodes(codes);
    return "Your other devices were signed out.";
  },
  async regenerate(form, submitter) {
    const answer = await post(submitter.value, { code: form.elements.code.value });
    await showFactor();
    if (answer.recovery_codes) showCodes(answer.recovery_codes);
    return answer.detail ?? "The earlier codes no longer work.";
  },
  async danger() {
    await proved(() => send("GET", "/danger"));
    return "Done.";
  },
  async export() {
    const data = await proved(() => send("GET", "/account/export"));
    element("export").href = `data:application/json,${encodeURIComponent(JSON.stringify(data, null, 2))}`;
    element("export").hidden = false;
    return "Your export is ready.";
  },
  async delete() {
    const { detail } = await proved(() => post("/account/delete"));
    showSignedOut();
    element("notice").textContent = detail;
    return "";
  },
  async "follow-link"() {
    const { detail } = await post(link.path, { token: linkToken });
    return detail;
  },
  async find(form, submitter) {
    const query = new URLSearchParams({ size: 20 });
    if (submitter.value === "more") query.set("cursor", cursor);
    else search = form.elements.email.value;
    if (search) query.set("email", search);
    const { accounts, next } = await send("GET", `/admin/accounts?${query}`);
    cursor = next;
    element("more").hidden = !next;
    const options = accounts.map(({ id, identifiers, is_active: isActive }) =>
      new Option(`${identifiers.email}${isActive ? "" : " (disabled)"}`, id));
    element("accounts").replaceChildren(...options);
    return `${accounts.length} accounts${next ? ", and more" : ""}.`;
  },
  async act(form) {
    const { id, action, reason } = form.elements;
    const path = `/admin/accounts/${encodeURIComponent(id.value)}/${action.value}`;
    const { detail } = await proved(() => post(path, { reason: reason.value }));
    return detail;
  },
  async sudo(form) {
    const { password, code } = form.elements;
    const { until } = await post("/sudo", { password: password.value, code: code.value || null });
    element("proof").hidden = true;
    return `Open until ${new Date(until).toLocaleTimeString()}.`;
  },
};

document.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const result = form.closest("section").querySelector(".result");
  event.submitter.disabled = true;
  try {
    result.textContent = await actions[form.dataset.action](form, event.submitter);
    result.dataset.kind = "good";
    form.reset();
  } catch (error) {
    result.textContent = error.message;
    result.dataset.kind = "bad";
  } finally {
    event.submitter.disabled = false;
  }
});

addEventListener("hashchange", showSignedOut);
if (isLink) show("verify-email");
else if (link) {
  element("link-text").textContent = link.text;
  show("link");
}
else if (!(await openAccount())) showSignedOut();
