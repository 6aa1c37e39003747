// What `make lint` holds the pages' JavaScript to.
import js from "@eslint/js";
import globals from "globals";

const PAGE_GLOBALS = { ...globals.browser, htmx: "readonly" };

const MARKUP = {
  selector: "AssignmentExpression[left.property.name='innerHTML']",
  message: "Text from a backend must not become markup: use textContent or a template.",
};
const PRIVATE = ["MemberExpression > Identifier.property[name=/^_/]", "ObjectPattern > Property > Identifier.key[name=/^_/]"].map(
  (selector) => ({ selector, message: "What Plotly keeps to itself changes without notice: static/js/plotaxes.js alone reads it." }),
);

const OUR_CLOCK = {
  object: "Date",
  property: "now",
  message: "This machine's clock may be wrong: serverNow() of pageclock.js for times, performance.now() for lengths.",
};

export default [
  { ignores: ["node_modules/", ".venv/", "var/", "static-built/"] },
  js.configs.recommended,
  { files: ["static/js/**/*.js"], languageOptions: { sourceType: "module", globals: PAGE_GLOBALS } },
  { files: ["tests/js/**/*.mjs"], languageOptions: { sourceType: "module", globals: globals.node } },
  {
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      eqeqeq: ["error", "always", { null: "ignore" }],
      "no-var": "error",
      "prefer-const": "error",
      "no-implicit-globals": "error",
      "no-restricted-syntax": ["error", MARKUP, ...PRIVATE],
    },
  },
  { files: ["static/js/**/*.js"], ignores: ["static/js/pageclock.js", "static/js/live.js"], rules: { "no-restricted-properties": ["error", OUR_CLOCK] } },
  { files: ["static/js/plotaxes.js"], rules: { "no-restricted-syntax": ["error", MARKUP] } },
];
