/** Keeps the page for reading offline (offline.js), and says when that is done or when there is a newer one. */
import { make } from "./view.js";

/** @param {HTMLElement} state where it is said */
export function keep(state) {
  if (!("serviceWorker" in navigator)) return;
  const worker = navigator.serviceWorker;
  const first = !worker.controller;
  const mark = () => document.documentElement.toggleAttribute("data-offline", true);
  if (first) state.textContent = "Ready.";
  else {
    state.textContent = "Ready, also without a network.";
    mark();
  }
  worker.addEventListener("controllerchange", () => {
    mark();
    state.textContent = first ? "Ready, also without a network." : "There is a newer classifier. ";
    if (first) return;
    const button = make("button", { type: "button", class: "plain" }, "Load it");
    button.addEventListener("click", () => location.reload());
    state.append(button);
  }, { once: true }); // prettier-ignore
  // where it fails, as in a private window, the page works all the same: with a network
  worker.register("offline.js", { updateViaCache: "none" }).catch(() => {});
}
