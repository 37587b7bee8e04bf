import type { RequirementId } from "../requirements.ts";

/**
 * Declares which requirements the tests of the calling file verify. Has no effect when it runs: `test/pins/requirements.test.ts`
 * reads the ids from the sources, so each is a literal. A test in src, which imports nothing of `test`, states them in a comment:
 * `// verifies("id", …)`.
 */
export function verifies(..._ids: readonly RequirementId[]): void {}
