import { CaxtonError } from "../kernel/errors.ts";
import type { SpecProblem } from "../text/schedules/index.ts";

/** There is no trigger of that id or name. */
export class TriggerNotFoundError extends CaxtonError<{ readonly trigger: string }> {
  readonly code = "TRIGGER_NOT_FOUND";
  readonly kind = "not-found";
  constructor(trigger: string) {
    super(`there is no trigger ${trigger}`, "`caxton trigger list` prints the triggers of the workspace.", { trigger });
  }
}

/** The trigger could never start a run, or a field does not belong to its kind. */
export class TriggerInvalidError extends CaxtonError<{ readonly field: string }> {
  readonly code = "TRIGGER_INVALID";
  readonly kind = "invalid";
  constructor({ field, message, fix }: SpecProblem) {
    super(`${field}: ${message}`, fix, { field });
  }
}

/** The trigger is part of a definition, with which it changes. */
export class TriggerDeclaredError extends CaxtonError<{ readonly agent: string; readonly name: string }> {
  readonly code = "TRIGGER_DECLARED";
  readonly kind = "conflict";
  constructor(agent: string, name: string) {
    super(
      `the definition of ${agent} declares the trigger ${name}`,
      `Change [[trigger]] in the definition and deploy it: caxton agent deploy <file>.`,
      { agent, name },
    );
  }
}

/** The agent has a trigger of that name. */
export class TriggerExistsError extends CaxtonError<{ readonly agent: string; readonly name: string }> {
  readonly code = "TRIGGER_EXISTS";
  readonly kind = "conflict";
  constructor(agent: string, name: string) {
    super(`${agent} has a trigger ${name}`, "Choose another name, or change the trigger.", { agent, name });
  }
}

/** The maximum number of triggers of one workspace is reached. */
export class TriggersFullError extends CaxtonError<{ readonly max: number }> {
  readonly code = "TRIGGERS_FULL";
  readonly kind = "exhausted";
  constructor(max: number) {
    super(`the workspace has ${max} triggers`, "Delete triggers that are not needed.", { max });
  }
}

/** A webhook came for a trigger that is disabled or has stopped. */
export class HookDisabledError extends CaxtonError<{ readonly trigger: string }> {
  readonly code = "TRIGGER_DISABLED";
  readonly kind = "conflict";
  constructor(trigger: string) {
    super(`the trigger ${trigger} is disabled or has stopped`, "`caxton trigger get` prints the reason.", { trigger });
  }
}

/** Too many events of the trigger wait for its runs. */
export class TriggerBusyError extends CaxtonError<{ readonly max: number }> {
  readonly code = "TRIGGER_BUSY";
  readonly kind = "exhausted";
  override readonly retryAfterMs = 10_000;
  constructor(name: string, max: number) {
    super(`${max} events of the trigger ${name} wait for its runs`, "Send the event again later.", { max });
  }
}

/** No directory is configured in which file triggers watch. */
export class FileTriggersOffError extends CaxtonError {
  readonly code = "FILE_TRIGGERS_OFF";
  readonly kind = "invalid";
  constructor() {
    super(
      "file triggers need the setting files.watch_root",
      "Set files.watch_root in caxton.toml to the directory that has a folder for each workspace.",
      {},
    );
  }
}

/** A file is not what fired the trigger any more. */
export class FileChangedError extends CaxtonError<{ readonly path: string }> {
  readonly code = "TRIGGER_FILE_CHANGED";
  readonly kind = "conflict";
  constructor(path: string, what: string) {
    super(`${path} ${what}`, "", { path });
  }
}
