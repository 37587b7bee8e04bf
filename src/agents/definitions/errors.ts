import type { Paused } from "./agent-store.ts";
import type { Problem } from "../../text/documents/index.ts";
import { CaxtonError } from "../../kernel/errors.ts";

/** No agent of this name is deployed in the workspace. */
export class AgentNotFoundError extends CaxtonError {
  readonly code = "AGENT_NOT_FOUND";
  readonly kind = "not-found";
  constructor(workspace: string, name: string, alternatives: readonly string[]) {
    super(
      `agent "${name}" is not deployed in workspace "${workspace}"`,
      alternatives.length > 0
        ? `Did you mean ${alternatives.join(" or ")}?`
        : "Deploy its definition file, or list the agents there are.",
      { workspace, name, alternatives },
    );
  }
}

/** The agent is paused, so it takes no new runs. */
export class AgentPausedError extends CaxtonError {
  readonly code = "AGENT_PAUSED";
  readonly kind = "conflict";
  constructor(name: string, { reason, atMs }: Paused) {
    const since = new Date(atMs).toISOString();
    super(
      `agent "${name}" is paused${reason === "" ? "" : `: ${reason}`}`,
      `Resume it with: caxton agent resume ${name}. Messages to it wait in its mailbox.`,
      { name, reason, since },
    );
  }
}

/** The serving revision is the first, so no earlier revision exists to roll back to. */
export class NoEarlierRevisionError extends CaxtonError {
  readonly code = "NO_EARLIER_REVISION";
  readonly kind = "conflict";
  constructor(name: string, revision: number) {
    super(
      `agent "${name}" serves revision ${revision} and has no earlier one`,
      `List its revisions with: caxton agent revisions ${name}.`,
      { name, revision },
    );
  }
}

/** The agent exists, this revision of it does not. */
export class RevisionNotFoundError extends CaxtonError {
  readonly code = "REVISION_NOT_FOUND";
  readonly kind = "not-found";
  constructor(workspace: string, name: string, revision: number) {
    super(`agent "${name}" has no revision ${revision}`, "List its revisions.", { workspace, name, revision });
  }
}

/** A definition has errors; `details.problems` holds all of them, and the warnings. */
export class DefinitionInvalidError extends CaxtonError<{
  readonly file: string;
  readonly problems: readonly Problem[];
}> {
  readonly code = "DEFINITION_INVALID";
  readonly kind = "rejected";
  constructor(file: string, problems: readonly Problem[]) {
    const errors = problems.filter(({ severity }) => severity === "error");
    const [first] = errors;
    const where =
      first === undefined ? "" : `: line ${first.line}: ${first.path === "" ? "" : `${first.path}: `}${first.message}`;
    const more = errors.length > 1 ? `, and ${errors.length - 1} more` : "";
    super(`${file} has ${errors.length === 1 ? "an error" : "errors"}${where}${more}`, first?.fix ?? "", {
      file,
      problems,
    });
  }
}

/** Thrown if a definition file exceeds the size limit. */
export class DefinitionTooLargeError extends CaxtonError {
  readonly code = "DEFINITION_TOO_LARGE";
  readonly kind = "too-large";
  constructor(file: string, bytes: number, bytesMax: number) {
    super(
      `${file} has ${bytes} bytes; a definition may have ${bytesMax}`,
      "Move long material out of the definition, for example into a file the agent reads with a tool.",
      { file, bytes, bytesMax },
    );
  }
}

/** Another agent already has this name in other letter case. */
export class NameConflictError extends CaxtonError {
  readonly code = "NAME_CONFLICT";
  readonly kind = "conflict";
  constructor(workspace: string, name: string, existing: string) {
    super(
      `agent "${name}" differs from the deployed agent "${existing}" only in letter case`,
      `Write the name as "${existing}" to update that agent, or choose another name.`,
      { workspace, name, existing },
    );
  }
}

/** There is no definition template of this name. */
export class TemplateNotFoundError extends CaxtonError {
  readonly code = "TEMPLATE_NOT_FOUND";
  readonly kind = "not-found";
  constructor(name: string, known: readonly string[], alternatives: readonly string[]) {
    super(
      `there is no template "${name}"`,
      alternatives.length > 0 ? `Did you mean ${alternatives.join(" or ")}?` : `Use one of: ${known.join(", ")}.`,
      { name, known },
    );
  }
}

/** A prompt template could not be filled in for this run: a value it asks for is missing, or it grew past its limits. */
export class PromptRenderError extends CaxtonError {
  readonly code = "PROMPT_RENDER_FAILED";
  readonly kind = "rejected";
  constructor(reason: string, options?: ErrorOptions) {
    super(
      `the prompt template cannot be filled in: ${reason}`,
      "Correct user_prompt_template, or give the run what it asks for.",
      { reason },
      options,
    );
  }
}

/** A request gives a variable that the agent's prompts do not have. */
export class VariableUnknownError extends CaxtonError {
  readonly code = "VARIABLE_UNKNOWN";
  readonly kind = "rejected";
  /** Without alternatives the variable is known, but no template contains it. */
  constructor(agent: string, variable: string, known: readonly string[], alternatives?: readonly string[]) {
    const [best] = alternatives ?? [];
    super(
      alternatives === undefined
        ? `no prompt template of agent "${agent}" contains {{${variable}}}`
        : `agent "${agent}" has no variable "${variable}"${best === undefined ? "" : `; did you mean ${best}?`}`,
      alternatives === undefined
        ? `Put {{${variable}}} into user_prompt_template, or leave the variable out.`
        : `It has: ${known.join(", ")}. Others are declared in [parameters] of its definition.`,
      { agent, variable, known },
    );
  }
}
