import jsdoc from "eslint-plugin-jsdoc";
import tseslint from "typescript-eslint";

/** Exports that owe their reader a sentence. */
const documented = ["ExportNamedDeclaration[declaration]"];

export default tseslint.config(
  { ignores: ["dist/", "node_modules/", "zhil-runs/", "guests/", "fixtures/"] },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  {
    files: ["**/*.ts"],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    plugins: { jsdoc },
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      // A number in a template reads as one; the rule's other catches (objects, undefined) stay.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/no-unused-vars": ["error", { varsIgnorePattern: "^_", argsIgnorePattern: "^_" }],
      eqeqeq: "error",
      "no-console": "error",
      "prefer-const": "error",
      "jsdoc/require-jsdoc": ["error", { contexts: documented, require: { FunctionDeclaration: false } }],
      "jsdoc/require-description": ["error", { contexts: documented }],
      "jsdoc/no-types": "error",
      "jsdoc/check-tag-names": "error",
    },
  },
  {
    files: ["**/*.test.ts", "src/testing/**", "harness/testing/**"],
    rules: {
      "jsdoc/require-jsdoc": "off",
      // A test that cannot find its value is to stop there.
      "@typescript-eslint/no-non-null-assertion": "off",
      "no-restricted-properties": [
        "error",
        ...["it", "test", "describe"].flatMap((object) =>
          ["only", "skip", "todo"].map((property) => ({ object, property, message: "Every test runs" })),
        ),
      ],
    },
  },
);
