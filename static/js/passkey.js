/* Passkeys: a button asks the browser to make or use one, and its form is sent with the answer. */

/** @param {HTMLButtonElement} button */
async function ask(button) {
  const options = JSON.parse(button.dataset.options ?? "{}").publicKey;
  if (button.dataset.passkey === "create") {
    return navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) });
  }
  return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
}

/** @param {HTMLButtonElement} button */
async function use(button) {
  const form = button.form;
  const field = /** @type {HTMLInputElement | null} */ (form?.querySelector("[name$=credential]"));
  const failed = /** @type {HTMLElement | null} */ (form?.querySelector("[data-passkey-error]"));
  if (!form || !field) return;
  try {
    const made = /** @type {PublicKeyCredential | null} */ (await ask(button));
    field.value = JSON.stringify(made);
    form.submit();
  } catch {
    if (failed) failed.hidden = false;
  }
}

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-passkey]") : null;
  if (button instanceof HTMLButtonElement) void use(button);
});
