/* This page's address with some of its parameters changed; null or "" takes one out, `at` stands last. */
export function address(changes) {
  const asked = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") asked.delete(name);
    else asked.set(name, value);
  }
  const at = asked.get("at");
  asked.delete("at");
  const said = [...(asked.size ? [asked.toString()] : []), ...(at ? [`at=${at}`] : [])].join("&"); // colons stay readable
  return location.pathname + (said && `?${said}`);
}
