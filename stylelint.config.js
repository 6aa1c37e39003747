// What `make lint` holds the style sheets to.
export default {
  extends: "stylelint-config-recommended",
  rules: {
    // Our sheets go part by part of a page, one line a rule; cascade layers settle what a part may override.
    "no-descending-specificity": null,
  },
};
