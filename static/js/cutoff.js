/* What this browser can't send while it is cut off is not sent in silence: the click is stopped, and the page says so. */
import { around } from "./dom.js";
import { connection } from "./live.js";
import { toast } from "./toast.js";

const NOT_SENT = "Only this browser is cut off: nothing was sent. Try again when it is back online.";
const NO_ANSWER = "Sandwarden did not answer, so it is not known whether this was received. Check the audit trail before trying again.";
const NOT_READ = "Sandwarden did not answer; nothing was changed. Try again in a moment.";

/* A machine without a network still reaches a server of its own: while messages come, nobody is cut off. */
export const isCutOff = () => !navigator.onLine && connection() !== "live";

/** @param {Event} event */
function stop(event) {
  event.preventDefault();
  event.stopPropagation();
  toast("bad", NOT_SENT);
}

/* Links that would leave the page for the browser's own error, and forms that go without htmx. */
document.addEventListener("click", (event) => {
  const link = around(event, "a[href]", HTMLAnchorElement);
  if (link && !link.hash && link.host === location.host && !event.defaultPrevented && isCutOff()) stop(event);
}, true);
document.addEventListener("submit", (event) => {
  if (isCutOff()) stop(event);
}, true);

/* What htmx sends: reads of its own stay silent, what somebody asked for does not. */
document.addEventListener("htmx:beforeRequest", (event) => {
  if (!isCutOff()) return;
  event.preventDefault();
  if (event.detail.requestConfig.verb !== "get") toast("bad", NOT_SENT);
});
document.addEventListener("htmx:sendError", (event) => {
  const { verb, path } = event.detail.requestConfig;
  if (verb !== "get") toast("bad", path === "/act/ask/" ? NOT_READ : NO_ANSWER);
});
