/* A band that says what is always so may be put away: until the browser is closed, as the server knows by a cookie. */
import { around } from "./dom.js";

document.addEventListener("click", (event) => {
  const button = around(event, "[data-put-away]");
  if (!button) return;
  document.cookie = `${button.dataset.putAway}=seen; path=/; samesite=lax`;
  button.closest(".band")?.remove();
});
