/* The socket: tells the server what the page shows, hands each message to whoever asked for its kind, comes back by itself. */
/** @type {Map<string, ((message: unknown) => void)[]>} */
const listeners = new Map();
const LONGEST_WAIT = 10_000, SILENCE = Math.max(45_000, 4_000 * Number(document.body.dataset.tick));
/** @type {WebSocket | null} */
let socket = null;
/** @type {Live.Show} */
let shown = { page: "frame" };
let wait = 250;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
let heard = 0;
let state = "connecting";

/**
 * @template {keyof Listened} K
 * @param {K} kind
 * @param {(message: Listened[K]) => void} listener
 */
export function on(kind, listener) {
  listeners.set(kind, [...(listeners.get(kind) ?? []), /** @type {(message: unknown) => void} */ (listener)]);
}

/** @param {Live.Show} what */
export function show(what) {
  shown = what;
  say({ show: what });
}

export const connection = () => state;

/** @param {Live.Said} message */
function say(message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

/**
 * @template {keyof Listened} K
 * @param {K} kind
 * @param {Listened[K]} message
 */
function hand(kind, message) {
  for (const listener of listeners.get(kind) ?? []) listener(message);
}

function become(next) {
  state = next;
  hand("connection", next);
}

function connect() {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const asked = new URLSearchParams({ v: String(document.body.dataset.protocol) });
  const accounts = new URLSearchParams(location.search).get("account");
  if (accounts) asked.set("account", accounts); // what the page looks at
  const mine = new WebSocket(`${scheme}://${location.host}/ws/live/?${asked}`);
  socket = mine;
  heard = Date.now();
  mine.addEventListener("open", () => {
    wait = 250;
    become("live");
    say({ show: shown, hidden: document.hidden });
  });
  mine.addEventListener("message", (event) => {
    heard = Date.now();
    const message = JSON.parse(event.data);
    if (message.figures) hand("figures", message.figures);
    hand(message.kind, message);
  });
  mine.addEventListener("close", (event) => {
    if (mine !== socket) return;
    if (event.code === 4401) location.assign(`/login/?next=${encodeURIComponent(location.pathname + location.search)}`);
    else if (event.code !== 4400 || !reloadOnce()) comeBack();
  });
}

/* Gives this socket up, whatever it still does, and tries anew; while the machine is offline there is no point. */
function comeBack() {
  const old = socket;
  socket = null;
  old?.close();
  become("reconnecting");
  clearTimeout(timer);
  if (!navigator.onLine) return;
  timer = setTimeout(connect, wait * (0.75 + Math.random() / 2));
  wait = Math.min(LONGEST_WAIT, wait * 2);
}

/* The server does not understand us: it is newer than this page. Loading again helps once; more often would be a loop. */
function reloadOnce() {
  const last = Number(sessionStorage.getItem("reloaded") ?? 0);
  if (Date.now() - last < 60_000) return false;
  sessionStorage.setItem("reloaded", String(Date.now()));
  location.reload();
  return true;
}

document.addEventListener("visibilitychange", () => {
  heard = Date.now(); // a hidden page is sent nothing
  say({ hidden: document.hidden });
});
addEventListener("offline", comeBack);
addEventListener("online", () => {
  wait = 250;
  comeBack();
});
addEventListener("pagehide", () => {
  const old = socket;
  socket = null;
  old?.close();
});
addEventListener("pageshow", (event) => {
  if (event.persisted) comeBack(); // back from the browser's own cache
});
/* A connection can die without a word: nothing at all for longer than any tick says so. */
setInterval(() => {
  if (state === "live" && !document.hidden && Math.abs(Date.now() - heard) > SILENCE) comeBack(); // clocks are set back, too
}, 5_000);
connect();
