// The page of the email_password example: sends what was typed to the library's routes and shows
// what they answer. Every rule lives on the server; a form's `data-action` names its function below.

// A mailed link carries its token in the query. It leaves the address bar before anything else
// happens, and is used only when a person presses the button: mail scanners open links, too.
const linkToken = new URLSearchParams(location.search).get("token");
if (location.search) history.replaceState(null, "", location.pathname + location.hash);

const linkViews = ["verify-email", "reset-password", "confirm-email-change"];
const linkView = linkViews.find((view) => location.pathname === `/${view}`);
const notice = document.querySelector("#notice");
const sessions = document.querySelector("#sessions");
let isSignedIn = false;

// --- Talking to the server

/** What the server refused: one sentence, and the mistakes that belong to single fields. */
class Refusal extends Error {
  constructor(message, { status = 0, mistakes = [] } = {}) {
    super(message);
    Object.assign(this, { status, mistakes });
  }

  static async from(response) {
    const { status } = response;
    const { detail } = await response.json().catch(() => ({}));
    const mistakes = Array.isArray(detail) ? detail : [];
    const wait = inWords(Number(response.headers.get("Retry-After")));
    let message = typeof detail === "string" ? detail : `The server answered ${status}.`;
    if (mistakes.length > 0) message = "Please check what you entered.";
    if (status === 429) message = `Too many attempts. Try again ${wait}.`;
    if (status === 503) message = `The server is busy. Try again ${wait}.`;
    return new Refusal(message, { status, mistakes });
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

/** The answer's JSON; throws a `Refusal`. A body is sent as JSON unless it is URLSearchParams. */
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

  // The readable cookie can go missing while the session lives on; its route makes a new one.
  if (mayRenew && response.headers.has("X-CSRF-Error")) {
    const once = { mayRenew: false };
    const renewed = await send("POST", "/csrf/refresh", undefined, once).catch(() => null);
    if (renewed) return send(method, path, body, once);
  }
  throw await Refusal.from(response);
}

const post = (path, body) => send("POST", path, body);

// --- Showing

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
  // What was typed or listed must not be there for whoever uses this browser next.
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
  clearMistakes(form);
  const result = resultOf(form);
  if (result) say(result, "");
}

const resultOf = (form) => form.closest("section")?.querySelector(".result");

function say(result, message, kind = "good") {
  result.textContent = message;
  result.dataset.kind = kind;
}

function clearMistakes(form) {
  form.querySelectorAll(".mistake").forEach((mistake) => mistake.remove());
  for (const field of form.querySelectorAll("[aria-invalid]")) {
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
  }
}

function showRefusal(form, result, { message, mistakes }) {
  const withoutField = [];
  for (const { loc = [], msg } of mistakes) {
    const name = String(loc.at(-1) ?? "");
    const field = form.elements.namedItem(name);
    if (field?.labels?.length) showMistake(form, field, msg);
    else withoutField.push(name ? `${name}: ${msg}` : msg);
  }
  say(result, [message, ...withoutField].join(" "), "bad");
  form.querySelector("[aria-invalid]")?.focus();
}

function showMistake(form, field, message) {
  const id = `${form.dataset.action}-${field.name}-mistake`;
  const known = document.getElementById(id);
  if (known) {
    known.append(` ${message}`);
    return;
  }
  const mistake = Object.assign(document.createElement("p"), { id, className: "mistake", textContent: message });
  field.closest("label").after(mistake);
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-describedby", id);
}

// --- The account

/** Shows the signed-in account; false if nobody is signed in. */
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

/** The answer, or null where the server refuses with just this status. */
function orNull(status, answer) {
  return answer.catch((error) => {
    if (error.status === status) return null;
    throw error;
  });
}

// --- What the forms do: each gets the fields and gives the sentence to show

const mailHint = "This example prints its mails in the server's terminal; open the link from there.";
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
    else throw new Refusal("The browser kept no cookie. Over plain HTTP, start the server with COOKIE_SECURE=false.");
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
  clearMistakes(form);
  say(result, "");
  notice.textContent = "";
  try {
    const message = await actions[form.dataset.action](Object.fromEntries(entries));
    form.reset();
    if (message) say(result, message);
    if (form.matches("[data-link]")) form.hidden = true;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    // A wrong password is 401 as well: only /me tells whether the session is gone.
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
  say(resultOf(form), "The link's token is gone. Open the link from the mail again.", "bad");
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
