import { type Secret, SECRET_CHARS_MIN } from "./secrets.ts";

/** Secrets that are kept; past that the oldest are forgotten, such as tokens that were replaced long ago. */
const SECRETS_MAX = 500;

/** Every secret that this process came to know, so that all places hide the same. */
export class KnownSecrets {
  #added: readonly Secret[] = [];
  #stored: readonly Secret[] = [];
  #all: readonly Secret[] = [];

  /** Shorter texts than SECRET_CHARS_MIN are no secrets: they would be found by chance. */
  readonly add = (name: string, value: string): void => {
    if (value.length < SECRET_CHARS_MIN || this.#all.some((each) => each.value === value)) return;
    this.#added = [...this.#added, { name, value }].slice(-SECRETS_MAX);
    this.#all = [...this.#stored, ...this.#added];
  };

  /** Replaces the stored secrets, of which none is forgotten. Those that are no longer stored stay hidden as if they were added. */
  readonly store = (stored: readonly Secret[]): void => {
    const values = new Set(stored.map(({ value }) => value));
    const ended = this.#stored.filter(({ value }) => !values.has(value));
    this.#stored = stored;
    this.#added = [...this.#added.filter(({ value }) => !values.has(value)), ...ended].slice(-SECRETS_MAX);
    this.#all = [...this.#stored, ...this.#added];
  };

  /** The same array until one is added. */
  readonly all = (): readonly Secret[] => this.#all;
}

/** Whether a variable or a file is named like something that must not be seen. */
export const isSecretName = (name: string): boolean => name !== "AWS_ACCESS_KEY_ID" && SECRET_NAME.test(name);
const SECRET_NAME = /(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)(?:_ID)?$/i;
