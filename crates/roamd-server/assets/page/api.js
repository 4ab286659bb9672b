// Requests of the Web API. Nothing else is known of the server.

import { language } from "./words.js";

/** The root of the site: every URL of an answer is relative to it. */
const site = new URL("./", document.baseURI);

const CHALLENGE = "CitrixWebReceiver-Authenticate";
const REASON = "X-Citrix-Error-Reason";
const MISSING_FARMS = "X-Roamd-Missing-Farms";
const DISCONNECTING_FARMS = "X-Roamd-Disconnecting-Farms";

/** The user has to sign in. */
export class SignInNeeded extends Error {}

/** A request that failed. `key` names the sentence for the user. */
export class Failure extends Error {
  constructor(key) {
    super(key);
    this.key = key;
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
  if (!response.ok) throw failure(response);
  return response;
}

/** The servers or proxies that answer with these are busy, or do not get an answer themselves. */
const BUSY = [502, 503, 504];

function failure({ status, headers }) {
  if (headers.has(REASON)) return new Failure(headers.get(REASON));
  if (BUSY.includes(status)) return new Failure("busy");
  return new Failure(status === 403 ? "forbidden" : "failed");
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
  const get = (element, attribute) => root.querySelector(element).getAttribute(attribute);
  const flag = (element, attribute) => get(element, attribute) === "true";
  return {
    idleMinutes: Number(get("session", "timeout")),
    listUrl: get("resourcesProxy", "listURL"),
    takeOverUrl: get("sessionsProxy", "listAvailableURL"),
    disconnectUrl: get("sessionsProxy", "disconnectURL"),
    logOffUrl: get("sessionsProxy", "logoffURL"),
    keepAliveUrl: get("storeProxy", "keepAliveURL"),
    userNameUrl: get("authManager", "getUsernameURL"),
    signOutUrl: get("authManager", "logoffURL"),
    changePasswordUrl: get("authManager", "changeCredentialsURL"),
    control: {
      enabled: flag("workspaceControl", "enabled"),
      atSignIn: flag("workspaceControl", "autoReconnectAtLogon"),
      signOut: get("workspaceControl", "logoffAction"),
      canReconnect: flag("workspaceControl", "showReconnectButton"),
      canEnd: flag("workspaceControl", "showDisconnectButton"),
    },
    provisioningUrl: get("receiverConfiguration", "downloadURL"),
  };
}

/** Name, logo, colour and help of the organisation. The page also works without them. */
export async function branding() {
  try {
    return await (await fetch(siteUrl("branding.json"))).json();
  } catch {
    return {};
  }
}

/** The first form of the first sign-in method. */
export async function signInForm() {
  const methods = await xml(await post("Authentication/GetAuthMethods"));
  return postForm(methods.querySelector('[name="ExplicitForms"]').getAttribute("url"));
}

/** Posts a form, and returns the next one or the end of the conversation. */
export const postForm = async (url, fields) => xml(await post(url, fields));

/** The farms that a header of a list names. */
function farms(response, header) {
  const names = response.headers.get(header)?.split(",") ?? [];
  return names.map((name) => decodeURIComponent(name.replaceAll("+", " ")));
}

export async function resources(url) {
  const response = await post(url, { resourceDetails: "Full" });
  const { resources } = await response.json();
  return { resources, missing: farms(response, MISSING_FARMS) };
}

/**
 * The sessions on all devices. It disconnects none: those in use on the `disconnecting` farms are
 * not in the list.
 */
export async function sessions() {
  const response = await send("GET", "Sessions/List");
  const { deviceId, sessions } = await response.json();
  return {
    deviceId,
    sessions,
    missing: farms(response, MISSING_FARMS),
    disconnecting: farms(response, DISCONNECTING_FARMS),
  };
}

/** Lets the disconnecting farms disconnect what is in use on other devices (WA-98). */
export const takeOver = (url) => post(url);

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

/** Why sessions are offered or not. */
export const explanation = async () => (await post("Sessions/Explain")).json();
