// The page of the email_password example. It sends forms to the library's routes and shows the
// answers. All rules are on the server. A form's `data-action` names its function below.

// A mailed link carries its token in the query. It is removed from the address bar first, and used
// only when the user presses the button, because mail scanners open links too.
const linkToken = new URLSearchParams(location.search).get("token");
if (location.search) history.replaceState(null, "", location.pathname + location.hash);

const linkViews = ["verify-email", "reset-password", "confirm-email-change"];
const linkView = linkViews.find((view) => location.pathname === `/${view}`);
const notice = document.querySelector("#notice");
const sessions = document.querySelector("#sessions");
let isSignedIn = false;

// --- Requests

/** A rejected request: a message, and the errors of single fields. */
class Refusal extends Error {
  constructor(message, { status = 0, fieldErrors = [] } = {}) {
    super(message);
    Object.assign(this, { status, fieldErrors });
  }

  static async from(response) {
    const { status } = response;
    const { detail } = await response.json().catch(() => ({}));
    const fieldErrors = Array.isArray(detail) ? detail : [];
    const wait = inWords(Number(response.headers.get("Retry-After")));
    let message = typeof detail === "string" ? detail : `The server answered ${status}.`;
    if (fieldErrors.length > 0) message = "Please check what you entered.";
    if (status === 429) message = `Too many attempts. Try again ${wait}.`;
    if (status === 503) message = `The server is busy. Try again ${wait}.`;
    return new Refusal(message, { status, fieldErrors });
  }
}

function inWords(seconds) {
  if (!(seconds > 0)) return "in a moment";
  const [count, unit] = seconds < 100 ? [Math.ceil(seconds), "second"] : [Math.ceil(seconds / 60), "minute"];
  return `in ${count} ${unit}${count === 1 ? "" : "s"}`;
}

function cookie(name) {
  const pair = document.cookie.split("; ").find((entry) => entry.startsWith(`${name}=`));
  return pair?.slice(name.length + 1);
}

/** Returns the JSON of the response or throws a `Refusal`. Sends JSON, or a form for URLSearchParams. */
async function send(method, path, body, { mayRenew = true } = {}) {
  const headers = { Accept: "application/json" };
  const csrf = cookie("csrf_token");
  if (method !== "GET" && csrf) headers["X-CSRF-Token"] = csrf;
  const isJson = body && !(body instanceof URLSearchParams);
  if (isJson) headers["Content-Type"] = "application/json";

  const request = { method, headers, body: isJson ? JSON.stringify(body) : body, cache: "no-store" };
  const response = await fetch(path, request).catch(() => {
    throw new Refusal("The server cannot be reached. Try again.");
  });
  if (response.ok) return response.json();

  // The CSRF cookie may be lost while the session is valid. This route sets a new one.
  if (mayRenew && response.headers.has("X-CSRF-Error")) {
    const once = { mayRenew: false };
    const renewed = await send("POST", "/csrf/refresh", undefined, once).catch(() => null);
    if (renewed) return send(method, path, body, once);
  }
  throw await Refusal.from(response);
}

const post = (path, body) => send("POST", path, body);

// --- Views

function show(view) {
  for (const element of document.querySelectorAll("[data-view]")) {
    element.hidden = element.dataset.view !== view;
  }
  const heading = document.querySelector(`[data-view="${view}"] h2`);
  document.title = `${heading.textContent} - crudauth`;
  return heading;
}

function showSignedOut() {
  isSignedIn = false;
  // The next user of this browser must not see entered or listed data.
  document.querySelectorAll("form").forEach(resetForm);
  sessions.querySelector("ul").replaceChildren();
  fillAccount({});
  const wanted = location.hash.slice(1);
  return show(["sign-up", "forgot"].includes(wanted) ? wanted : "log-in");
}

function leave(message) {
  showSignedOut().focus();
  notice.textContent = message;
}

function resetForm(form) {
  form.reset();
  clearFieldErrors(form);
  const result = resultOf(form);
  if (result) showMessage(result, "");
}

const resultOf = (form) => form.closest("section")?.querySelector(".result");

function showMessage(result, message, kind = "good") {
  result.textContent = message;
  result.dataset.kind = kind;
}

function clearFieldErrors(form) {
  form.querySelectorAll(".field-error").forEach((fieldError) => fieldError.remove());
  for (const field of form.querySelectorAll("[aria-invalid]")) {
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
  }
}

function showRefusal(form, result, { message, fieldErrors }) {
  const withoutField = [];
  for (const { loc = [], msg } of fieldErrors) {
    const name = String(loc.at(-1) ?? "");
    const field = form.elements.namedItem(name);
    if (field?.labels?.length) showFieldError(form, field, msg);
    else withoutField.push(name ? `${name}: ${msg}` : msg);
  }
  showMessage(result, [message, ...withoutField].join(" "), "bad");
  form.querySelector("[aria-invalid]")?.focus();
}

function showFieldError(form, field, message) {
  const id = `${form.dataset.action}-${field.name}-field-error`;
  const known = document.getElementById(id);
  if (known) {
    known.append(` ${message}`);
    return;
  }
  const fieldError = Object.assign(document.createElement("p"), { id, className: "field-error", textContent: message });
  field.closest("label").after(fieldError);
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-describedby", id);
}

// --- The account

/** Shows the signed-in account. Returns false without a session. */
async function openAccount() {
  const me = await orNull(401, send("GET", "/me"));
  if (!me) return false;
  fillAccount({ ...me, ...(await send("GET", "/profile")) });
  await listSessions();
  isSignedIn = true;
  history.replaceState(null, "", "/");
  show("account");
  return true;
}

function fillAccount(account) {
  for (const element of document.querySelectorAll("[data-account]")) {
    const value = account[element.dataset.account] ?? "";
    if (element instanceof HTMLInputElement) element.defaultValue = value;
    else element.textContent = value || "not given";
  }
  document.querySelector("[data-unverified]").hidden = !account.email || account.email_verified === true;
}

async function listSessions() {
  const list = await orNull(404, send("GET", "/sessions"));
  sessions.hidden = !list;
  sessions.querySelector("ul").replaceChildren(...(list ?? []).map(sessionItem));
}

function sessionItem({ id, device, ip, last_activity: lastActivity, current }) {
  const item = document.querySelector("#session").content.cloneNode(true);
  const browser = [device?.browser, device?.browser_version].filter(Boolean).join(" ");
  const name = [browser, device?.os].filter(Boolean).join(" on ") || "Unknown device";
  const time = item.querySelector("time");
  item.querySelector(".device").textContent = name;
  item.querySelector(".current").hidden = !current;
  item.querySelector(".ip").textContent = ip || "unknown address";
  time.dateTime = lastActivity;
  time.textContent = new Date(lastActivity).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  item.querySelector("input").value = id;
  item.querySelector("button").setAttribute("aria-label", `End the session of ${name}`);
  return item;
}

/** Resolves to null if the request fails with this status. */
function orNull(status, answer) {
  return answer.catch((error) => {
    if (error.status === status) return null;
    throw error;
  });
}

// --- Form actions: each receives the fields and returns the message to show

const mailHint = "This example prints its mails to the terminal of the server. Open the link from there.";
const mailed = ({ detail }) => `${detail} ${mailHint}`;

const confirmLink = async (path, fields) => (await post(path, { ...fields, token: linkToken })).detail;

const actions = {
  "sign-up": async (fields) => mailed(await post("/register", fields)),
  "ask-reset": async (fields) => mailed(await post("/password/reset-request", fields)),
  "ask-verification": async (fields) => mailed(await post("/email/verify-request", fields)),
  "change-email": async (fields) => mailed(await post("/email/change-request", fields)),

  "verify-email": (fields) => confirmLink("/email/verify-confirm", fields),
  "reset-password": (fields) => confirmLink("/password/reset-confirm", fields),
  "confirm-email-change": (fields) => confirmLink("/email/change-confirm", fields),

  async "log-in"(fields) {
    await post("/login", new URLSearchParams(fields));
    if (await openAccount()) show("account").focus();
    else throw new Refusal("The browser stored no cookie. Over plain HTTP, start the server with COOKIE_SECURE=false.");
  },

  async "log-out"() {
    await post("/logout");
    leave("You are logged out.");
  },

  async "change-password"(fields) {
    const { detail } = await post("/change-password", fields);
    await listSessions();
    return detail;
  },

  async "end-session"({ id }) {
    const { detail } = await send("DELETE", `/sessions/${encodeURIComponent(id)}`);
    return afterSessionsEnded(detail);
  },

  async "log-out-all"({ keep_current: keepCurrent }) {
    const { detail } = await post(`/logout-all?keep_current=${keepCurrent}`);
    return afterSessionsEnded(detail);
  },
};

async function afterSessionsEnded(detail) {
  if (!(await openAccount())) return leave(detail);
  sessions.querySelector("h2").focus();
  return detail;
}

document.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  if (form.classList.contains("busy")) return;
  const result = resultOf(form);
  const entries = [...new FormData(form, event.submitter)].filter(([, value]) => value !== "");

  form.classList.add("busy");
  clearFieldErrors(form);
  showMessage(result, "");
  notice.textContent = "";
  try {
    const message = await actions[form.dataset.action](Object.fromEntries(entries));
    form.reset();
    if (message) showMessage(result, message);
    if (form.matches("[data-link]")) form.hidden = true;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    // A wrong password is a 401 as well, so /me decides whether the session has ended.
    const isGone = error.status === 401 && isSignedIn && !(await orNull(401, send("GET", "/me")).catch(() => true));
    if (isGone) leave("Your session has ended. Log in again.");
    else showRefusal(form, result, error);
  } finally {
    form.classList.remove("busy");
  }
});

// --- Start

function openLink() {
  show(linkView);
  if (linkToken) return;
  const form = document.querySelector(`[data-view="${linkView}"] form`);
  form.hidden = true;
  showMessage(resultOf(form), "The link has no token. Open the link from the mail again.", "bad");
}

if (linkView) {
  openLink();
} else {
  window.addEventListener("hashchange", () => {
    if (isSignedIn) return;
    notice.textContent = "";
    showSignedOut().focus();
  });
  try {
    if (!(await openAccount())) showSignedOut();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    notice.textContent = error.message;
  }
}
