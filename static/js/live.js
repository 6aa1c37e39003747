/* The socket: tells the server what the page shows, hands each message to whoever asked for its kind, comes back by itself. */
const listeners = new Map();
const LONGEST_WAIT = 10_000;
let socket = null;
let shown = { page: "frame" };
let wait = 250;
let state = "connecting";

export function on(kind, listener) {
  listeners.set(kind, [...(listeners.get(kind) ?? []), listener]);
}

export function show(what) {
  shown = what;
  say({ show: what });
}

export const connection = () => state;

function say(message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

function hand(kind, message) {
  for (const listener of listeners.get(kind) ?? []) listener(message);
}

function become(next) {
  state = next;
  hand("connection", next);
}

function connect() {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  socket = new WebSocket(`${scheme}://${location.host}/ws/live/`);
  socket.addEventListener("open", () => {
    wait = 250;
    become("live");
    say({ show: shown, hidden: document.hidden });
  });
  socket.addEventListener("message", (event) => {
    const message = JSON.parse(event.data);
    if (message.figures) hand("figures", message.figures);
    hand(message.kind, message);
  });
  socket.addEventListener("close", (event) => {
    if (event.code === 4401) return location.assign(`/login/?next=${encodeURIComponent(location.pathname + location.search)}`);
    if (event.code === 4400 && reloadOnce()) return undefined;
    become("reconnecting");
    setTimeout(connect, wait * (0.75 + Math.random() / 2));
    wait = Math.min(LONGEST_WAIT, wait * 2);
    return undefined;
  });
}

/* The server does not understand us: it is newer than this page. Loading again helps once; more often would be a loop. */
function reloadOnce() {
  const last = Number(sessionStorage.getItem("reloaded") ?? 0);
  if (Date.now() - last < 60_000) return false;
  sessionStorage.setItem("reloaded", String(Date.now()));
  location.reload();
  return true;
}

document.addEventListener("visibilitychange", () => say({ hidden: document.hidden }));
addEventListener("pagehide", () => socket?.close());
connect();
