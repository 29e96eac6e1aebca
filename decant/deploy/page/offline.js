/// <reference lib="webworker" />
"use strict";
// Keeps the page for reading offline. version.js lists every file by sha256; a browser that finds another list fetches what
// is new beside what it has, and changes over when all of it is there and has those digests.
importScripts("version.js");

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
/** @type {Record<string, string>} */
const files = /** @type {any} */ (self).DECANT_PAGE.files;
const scope = worker.registration.scope;
const store = `decant-page ${scope}`; // stores are of the whole host, where other pages may lie
/** @type {Record<string, string>} */
const TYPES = { html: "text/html; charset=utf-8", css: "text/css", js: "text/javascript", mjs: "text/javascript",
  wasm: "application/wasm", json: "application/json", svg: "image/svg+xml" }; // prettier-ignore

/** Where a file is kept: by its digest, so that a new version takes over what has not changed. @param {string} name */
const place = (name) => `${scope}${name}?sha256=${files[name]}`;

/** @param {string} name */
async function keep(name) {
  const cache = await caches.open(store);
  if (await cache.match(place(name))) return;
  for (const from of /** @type {RequestCache[]} */ (["default", "reload"])) {
    const response = await fetch(scope + name, { cache: from });
    const bytes = await response.arrayBuffer();
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    if ([...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("") !== files[name]) continue;
    const type = TYPES[name.slice(name.lastIndexOf(".") + 1)] ?? "text/plain";
    return cache.put(place(name), new Response(bytes, { headers: { "Content-Type": type } }));
  }
  throw new Error(`${name} is not the file that version.js lists`);
}

async function discard() {
  const cache = await caches.open(store);
  const wanted = new Set(Object.keys(files).map(place));
  for (const { url } of await cache.keys()) if (!wanted.has(url)) await cache.delete(url);
  await worker.clients.claim();
}

worker.addEventListener("install", (event) => {
  event.waitUntil(Promise.all(Object.keys(files).map(keep)).then(() => worker.skipWaiting()));
});
worker.addEventListener("activate", (event) => event.waitUntil(discard()));
worker.addEventListener("fetch", (event) => {
  const { origin, pathname } = new URL(event.request.url);
  const address = origin + pathname;
  const name = address === scope ? "index.html" : address.startsWith(scope) ? address.slice(scope.length) : "";
  if (event.request.method !== "GET" || !Object.hasOwn(files, name)) return;
  event.respondWith(caches.open(store).then((cache) => cache.match(place(name))).then((kept) => kept ?? fetch(event.request)));
});
