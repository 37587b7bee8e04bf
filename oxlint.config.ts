import { defineConfig } from "oxlint";
import { dependencyRules } from "./dependency-lint.ts";

export default defineConfig({
  plugins: ["typescript", "import", "unicorn", "promise", "node", "vitest"],
  categories: { correctness: "error", suspicious: "error" },
  options: { typeAware: true },
  rules: {
    "import/no-cycle": "error",
    "import/no-default-export": "error",
    "typescript/no-floating-promises": "error",
    "typescript/no-misused-promises": "error",
    "typescript/switch-exhaustiveness-check": "error",
    "typescript/only-throw-error": "error",
    "typescript/no-explicit-any": "error",
    "typescript/no-unsafe-type-assertion": "error",
    "typescript/no-non-null-assertion": "error",
    "unicorn/filename-case": ["error", { case: "kebabCase" }],
    "node/no-process-env": "error",
    "no-console": "error",
    "max-lines": ["error", { max: 400, skipComments: true }],
    "max-lines-per-function": ["error", { max: 70 }],
    "max-params": ["error", { max: 4 }],
    "vitest/valid-expect": ["error", { maxArgs: 2 }],
    "typescript/consistent-return": "off",
    "unicorn/require-post-message-target-origin": "off",
  },
  ignorePatterns: ["dist/**", "dashboard/dist/**", "tools/**", "engines/embedding/**", "**/node_modules/**"],
  overrides: [
    ...dependencyRules,
    {
      files: ["dashboard/**"],
      rules: {
        "no-restricted-imports": [
          "error",
          {
            patterns: [
              {
                group: ["**/src/**", "!**/src/api/{client,contract}/index.ts"],
                message: "dashboard knows only api/client and api/contract",
              },
            ],
          },
        ],
      },
    },
    // Tests start the machine's own programs, which need its environment.
    { files: ["test/**"], rules: { "node/no-process-env": "off" } },
    {
      files: ["src/server/config/config.ts", "src/server/config/environment/index.ts"],
      rules: { "node/no-process-env": "off" },
    },
    {
      files: ["**/*.config.ts", "vitest.reporter.ts", "examples/tools/**"],
      rules: { "import/no-default-export": "off" },
    },
    { files: ["**/*.test.ts", "**/*.test.tsx"], rules: { "max-lines": "off", "max-lines-per-function": "off" } },
    { files: ["test/requirements.ts"], rules: { "max-lines": "off" } },
  ],
});
