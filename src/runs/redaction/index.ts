/** Puts what hides between runs and everything that a run's texts go to: models, tools and the journal. */
export { messageRedactor } from "./redacted-journal.ts";
export { redactedPorts } from "./redacted-ports.ts";
export { redactedTools } from "./redacted-tools.ts";
export { REDACTION_TARGETS, type Redactors, redactorsOf } from "./redactors.ts";
