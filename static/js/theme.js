/* The theme: the server sets it from the cookie so that nothing flashes; the switch only remembers and repaints. */
import { all, around } from "./dom.js";

const root = document.documentElement;
const YEAR = 31_536_000;

export const token = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();

/** @param {() => void} listener */
export function onTheme(listener) {
  document.addEventListener("theme", listener);
}

/** @param {string} name dark, light or system */
export function choose(name) {
  root.dataset.theme = name;
  document.cookie = `theme=${name}; path=/; max-age=${YEAR}; samesite=lax`;
  for (const button of all("[data-theme-choice]")) {
    button.setAttribute("aria-pressed", String(button.dataset.themeChoice === name));
  }
  document.dispatchEvent(new Event("theme"));
}

document.addEventListener("click", (event) => {
  const button = around(event, "[data-theme-choice]");
  if (button?.dataset.themeChoice) choose(button.dataset.themeChoice);
});
matchMedia("(prefers-color-scheme: light)").addEventListener("change", () => {
  if (root.dataset.theme === "system") document.dispatchEvent(new Event("theme"));
});
