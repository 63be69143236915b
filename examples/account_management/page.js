// The page of the account_management example. It sends forms to the library's routes and shows the
// answers. All rules are on the server. A form's `data-action` names its function below.

// A mailed link carries its token in the query. It is removed from the address bar first, and used
// only when the user presses the button, because mail scanners open links too.
const linkToken = new URLSearchParams(location.search).get("token");
const links = {
  "/verify-email": { text: "This confirms that the address belongs to you.", path: "/email/verify-confirm" },
  "/reset-password": { text: "Choose a new password.", path: "/password/reset-confirm", needsPassword: true },
  "/confirm-email-change": { text: "This changes the address of your account.", path: "/email/change-confirm" },
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

// --- Passkeys

const hasPasskeys = "PublicKeyCredential" in window && "parseRequestOptionsFromJSON" in PublicKeyCredential;
// The offer in the field of the name. Every other request for a passkey ends it: a browser has one at a time.
let offered = null;

/** Returns a passkey for these options. */
async function getPasskey(path, body, mediation) {
  offered?.abort();
  offered = new AbortController();
  const { public_key: options } = await post(path, body);
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  const credential = await navigator.credentials.get({ publicKey, mediation, signal: offered.signal });
  return credential.toJSON();
}

/** Signs in with nothing typed. An authenticator may forget a passkey that no account has. */
async function signInByPasskey(mediation) {
  const credential = await getPasskey("/passkeys/sign-in/options", {}, mediation);
  try {
    return await firstStep(await post("/passkeys/sign-in/verify", { credential }));
  } catch (refusal) {
    if (refusal.code === "unknown-passkey") {
      const forgotten = { rpId: location.hostname, credentialId: credential.id };
      PublicKeyCredential.signalUnknownCredential?.(forgotten).catch(() => {});
    }
    throw refusal;
  }
}

/** Offers the passkeys of this device in the field of the name. */
async function offerPasskeys() {
  if (!hasPasskeys || !(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  await signInByPasskey("conditional").catch((error) => {
    if (error.name !== "AbortError") console.info(error);
  });
}

/** Whether the browser adds passkeys without a dialog. */
async function addsPasskeys() {
  if (!hasPasskeys) return false;
  const known = await PublicKeyCredential.getClientCapabilities?.().catch(() => {});
  return known?.conditionalCreate === true;
}

/** Adds the passkey that the sign-in offered, if the password manager of the browser makes one. */
async function addOffered({ public_key: options }) {
  offered?.abort();
  offered = new AbortController();
  const { signal } = offered;
  try {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
    const credential = await navigator.credentials.create({ publicKey, mediation: "conditional", signal });
    await post("/passkeys/register/verify", { credential: credential.toJSON() });
    await listPasskeys();
    element("notice").textContent = "Your browser has saved a passkey for your next log-in.";
  } catch (error) {
    if (error.name !== "AbortError") console.info(error);
  }
}

/** Authenticators forget passkeys that the account no longer has. */
function tellAuthenticators(signal) {
  if (signal) PublicKeyCredential.signalAllAcceptedCredentials?.(signal).catch(() => {});
}

async function listPasskeys() {
  const { passkeys, signal } = await send("GET", "/passkeys");
  const day = (time) => (time ? new Date(time).toLocaleDateString() : "never");
  const items = passkeys.map((one) => Object.assign(document.createElement("li"), {
    textContent: `${one.name}, added ${day(one.created_at)}, last used ${day(one.last_used_at)}`,
  }));
  element("passkeys").replaceChildren(...items);
  const form = element("passkey-change");
  form.hidden = passkeys.length === 0;
  form.elements.id.replaceChildren(...passkeys.map(({ id, name }) => new Option(name, id)));
  if (hasPasskeys) tellAuthenticators(signal);
}

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
  if (location.hash !== "#sign-up") offerPasskeys();
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
  await listPasskeys();
  show("account");
  return true;
}

/** Opens the box for fresh proof if a refusal asks for it. */
async function proved(action) {
  try {
    return await action();
  } catch (refusal) {
    if (refusal.code === "reauthentication-required") {
      element("proof").hidden = false;
      element("proof").elements.password.focus();
    }
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

async function firstStep(answer) {
  if (!answer.mfa_required) return signedIn(answer);
  challenge = answer.challenge;
  show("code");
  showSetup(answer.setup);
  const methods = answer.methods ?? ["totp"];
  element("passkey-step").hidden = !methods.includes("passkey") || !hasPasskeys;
  element("code-step").hidden = !methods.includes("totp");
  return "";
}

/** Finishes a sign-in, or begins again if its challenge has ended. */
async function secondStep(path, body) {
  try {
    return await signedIn(await post(path, body));
  } catch (refusal) {
    if (refusal.code !== "challenge-ended") throw refusal;
    showSignedOut();
    element("notice").textContent = "The sign-in has ended. Log in again.";
    return "";
  }
}

async function signedIn({ recovery_codes: codes }) {
  challenge = null;
  await openAccount();
  if (codes) showCodes(codes);
  return "";
}

const actions = {
  async "log-in"(form) {
    const sent = new URLSearchParams(new FormData(form));
    if (await addsPasskeys()) sent.set("offer_passkey", "true");
    const answer = await send("POST", "/login", sent);
    const message = await firstStep(answer);
    if (answer.passkey_offer) addOffered(answer.passkey_offer);
    return message;
  },
  async verify(form) {
    return secondStep("/mfa/verify", { challenge, code: form.elements.code.value });
  },
  async "passkey-sign-in"() {
    return signInByPasskey();
  },
  async "passkey-verify"() {
    const credential = await getPasskey("/passkeys/sign-in/options", { challenge });
    return secondStep("/passkeys/verify", { challenge, credential });
  },
  async "passkey-add"() {
    offered?.abort();
    const { public_key: options } = await proved(() => post("/passkeys/register/options"));
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
    const credential = await navigator.credentials.create({ publicKey });
    const { name } = await post("/passkeys/register/verify", { credential: credential.toJSON() });
    await listPasskeys();
    return `${name} was added.`;
  },
  async "passkey-change"(form, submitter) {
    const { id, name } = form.elements;
    const path = `/passkeys/${id.value}`;
    const isRemoval = submitter.value === "remove";
    const answer = await proved(() => isRemoval ? send("DELETE", path) : send("PATCH", path, { name: name.value }));
    tellAuthenticators(answer.signal);
    await listPasskeys();
    await listSessions();
    return answer.detail;
  },
  async "sign-up"(form) {
    const { detail } = await post("/register", Object.fromEntries(new FormData(form)));
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
  async "follow-link"(form) {
    const fields = Object.fromEntries(new FormData(form));
    const { detail } = await post(link.path, { ...fields, token: linkToken });
    form.hidden = true;
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
  async sudo(form, submitter) {
    const { password, code } = form.elements;
    const proof = { password: password.value || null, code: code.value || null };
    if (submitter.value === "passkey") proof.passkey = await getPasskey("/passkeys/sudo/options", {});
    const { until } = await post("/sudo", proof);
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

for (const one of document.querySelectorAll("[data-needs=passkeys]")) one.hidden = !hasPasskeys;
addEventListener("hashchange", showSignedOut);
if (link) {
  element("link-text").textContent = link.text;
  const password = element("link-password");
  password.hidden = !link.needsPassword;
  password.querySelector("input").disabled = password.hidden;
  show("link");
}
else if (!(await openAccount())) showSignedOut();
