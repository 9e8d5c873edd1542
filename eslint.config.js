import js from "@eslint/js";
import globals from "globals";

export default [
  js.configs.recommended,
  {
    rules: {
      eqeqeq: "error",
      complexity: ["error", 14],
      "no-var": "error",
      "prefer-const": "error",
      "no-unused-vars": ["error", { caughtErrors: "all" }],
    },
  },
  { files: ["webapp/static/**"], languageOptions: { globals: globals.browser } },
  { files: ["tests/javascript/**", "*.js"], languageOptions: { globals: globals.node } },
];
