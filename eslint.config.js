// What `make lint` holds the pages' JavaScript to.
import js from "@eslint/js";
import globals from "globals";

const PAGE_GLOBALS = { ...globals.browser, htmx: "readonly" };
const MARKUP = "Text from a backend must not become markup: use textContent or a template.";

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
      "no-restricted-syntax": ["error", { selector: "AssignmentExpression[left.property.name='innerHTML']", message: MARKUP }],
    },
  },
];
