// Requests of the Web API. Nothing else is known of the server.

import { language } from "./words.js";

/** The root of the site: every URL of an answer is relative to it. */
const site = new URL("./", document.baseURI);

const CHALLENGE = "CitrixWebReceiver-Authenticate";
const MISSING_FARMS = "X-Roamd-Missing-Farms";

/** The user has to sign in. */
export class SignInNeeded extends Error {}

/** A request that failed. `key` names the sentence for the user. */
export class Failure extends Error {
  constructor(key, status) {
    super(key);
    this.key = key;
    this.status = status;
  }
}

/** Returns a URL of the site. One that leads elsewhere is refused. */
export function siteUrl(path) {
  const url = new URL(path, site);
  if (url.origin !== site.origin || !url.pathname.startsWith(site.pathname))
    throw new Failure("failed");
  return url;
}

function csrfToken() {
  const cookie = document.cookie.split("; ").find((it) => it.startsWith("CsrfToken="));
  return cookie?.slice("CsrfToken=".length) ?? "";
}

let bound = null;

/** From now on, requests are for the user of this web session only; with `false` for any. */
export function bind(isBound) {
  bound = isBound ? csrfToken() : null;
}

async function send(method, path, fields) {
  // Another tab has signed out: what this one shows is of the user before.
  if (bound !== null && csrfToken() !== bound) throw new SignInNeeded();
  const headers = {
    "Accept-Language": language(),
    "Csrf-Token": csrfToken(),
    "X-Citrix-IsUsingHTTPS": site.protocol === "https:" ? "Yes" : "No",
    "X-Requested-With": "XMLHttpRequest",
  };
  const body = method === "POST" ? new URLSearchParams(fields) : undefined;
  let response;
  try {
    response = await fetch(siteUrl(path), {
      method,
      headers,
      body,
      cache: "no-store",
      redirect: "error",
    });
  } catch {
    throw new Failure("offline");
  }
  if (response.headers.has(CHALLENGE)) throw new SignInNeeded();
  if (!response.ok) throw failure(response.status);
  return response;
}

function failure(status) {
  const keys = { 403: "forbidden", 429: "slowDown", 502: "busy", 503: "busy", 504: "busy" };
  return new Failure(keys[status] ?? "failed", status);
}

const post = (path, fields) => send("POST", path, fields);

async function xml(response) {
  const document = new DOMParser().parseFromString(await response.text(), "application/xml");
  if (document.querySelector("parsererror")) throw new Failure("failed");
  return document.documentElement;
}

/** The configuration of the site, which also begins the web session. */
export async function configuration() {
  const root = await xml(await post("Home/Configuration"));
  const get = (element, attribute) => root.querySelector(element)?.getAttribute(attribute) ?? "";
  const flag = (element, attribute) => get(element, attribute) === "true";
  return {
    idleMinutes: Number(get("session", "timeout")) || 20,
    listUrl: get("resourcesProxy", "listURL"),
    sessionsUrl: get("sessionsProxy", "listAvailableURL"),
    disconnectUrl: get("sessionsProxy", "disconnectURL"),
    logOffUrl: get("sessionsProxy", "logoffURL"),
    keepAliveUrl: get("storeProxy", "keepAliveURL"),
    userNameUrl: get("authManager", "getUsernameURL"),
    signOutUrl: get("authManager", "logoffURL"),
    changePasswordUrl: get("authManager", "changeCredentialsURL"),
    listDisconnects: flag("sessionsProxy", "listDisconnects"),
    control: {
      enabled: flag("workspaceControl", "enabled"),
      atSignIn: flag("workspaceControl", "autoReconnectAtLogon"),
      signOut: get("workspaceControl", "logoffAction"),
      canReconnect: flag("workspaceControl", "showReconnectButton"),
      canEnd: flag("workspaceControl", "showDisconnectButton"),
    },
    showDesktops: flag("uiViews", "showDesktopsView"),
    showApplications: flag("uiViews", "showAppsView"),
    provisioningUrl: get("receiverConfiguration", "downloadURL"),
  };
}

/** Name, logo and colours of the organisation; `null` if the site has none. */
export async function branding() {
  try {
    const response = await fetch(siteUrl("branding.json"));
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

/** The first form of the first sign-in method. */
export async function signInForm() {
  const methods = await xml(await post("Authentication/GetAuthMethods"));
  const url = methods.querySelector('method[name="ExplicitForms"]')?.getAttribute("url");
  if (!url) throw new Failure("formFailed");
  return postForm(url);
}

/** Posts a form, and returns the next one or the end of the conversation. */
export const postForm = async (url, fields) => xml(await post(url, fields));

/** The farms that a list lacks. */
function missingFarms(response) {
  const names = response.headers.get(MISSING_FARMS)?.split(",") ?? [];
  return names.map((name) => decodeURIComponent(name.trim().replaceAll("+", " ")));
}

async function listOf(url, fields) {
  const response = await post(url, fields);
  return { entries: await response.json(), missing: missingFarms(response) };
}

export async function resources(url) {
  const { entries, missing } = await listOf(url, { format: "json", resourceDetails: "Full" });
  return { entries: entries.resources, missing };
}

export const sessions = (url) => listOf(url);

/** Ends the sessions of this browser: `success`, `partial` or `failure`. */
export const endSessions = async (url) => (await (await post(url)).json()).status;

export const launchStatus = async (url, title) =>
  (await post(url, { displayNameDesktopTitle: title })).json();

/** The address that a frame loads an ICA file from. */
export function icaUrl(url, title) {
  const address = siteUrl(url);
  const query = { CsrfToken: csrfToken(), launchId: Date.now(), displayNameDesktopTitle: title };
  for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value);
  return address;
}

export const userName = async (url) => (await post(url)).text();
export const keepAlive = (url) => send("HEAD", url);
export const signOut = (url) => post(url);

let provisioning = null;

/** The address of the file that sets a device up for the store; `null` if there is none. */
export function provisioningFile(advertised) {
  provisioning ??= find(advertised || "clients/receiverconfig.cr");
  return provisioning;
}

async function find(path) {
  try {
    const address = siteUrl(path);
    return (await fetch(address, { method: "HEAD" })).ok ? address.href : null;
  } catch {
    return null;
  }
}

/** Why sessions are offered or not; `null` if the server does not explain it. */
export async function explanation() {
  try {
    return await (await post("Sessions/Explain")).json();
  } catch (error) {
    if (error.status === 404) return null;
    throw error;
  }
}
