import { type Principal, runCallerOf } from "../../../access/index.ts";
import { CaxtonError, type FaultKind } from "../../../kernel/errors.ts";
import type { RunCaller } from "../../../kernel/rights/run-caller.ts";
import { type MessageError, SYSTEM_SENDER, USER_SENDER } from "../../../messaging/acl/index.ts";
import { type Participants, tokenHash } from "../../../messaging/directory/index.ts";

type TokenServices = {
  readonly participants: Pick<Participants, "find" | "get" | "holds" | "changes">;
  /** Whether programs have to show their tokens; `messages.participant_tokens`. */
  readonly tokensRequired: boolean;
};

/** Error codes for using a participant's name without permission. */
export const SENDER_REFUSALS = {
  CONVERSATION_FORBIDDEN: "denied",
  SENDER_FORBIDDEN: "denied",
  PARTICIPANT_TOKEN_REQUIRED: "unauthenticated",
  PARTICIPANT_TOKEN_INVALID: "unauthenticated",
} as const satisfies Record<string, FaultKind>;
type RefusalCode = keyof typeof SENDER_REFUSALS;

export class SenderRefusedError extends CaxtonError {
  readonly code: RefusalCode;
  readonly kind: FaultKind;
  constructor(code: RefusalCode, { message, hint, details }: MessageError) {
    super(message, hint, details);
    this.code = code;
    this.kind = SENDER_REFUSALS[code];
  }
}

/** Tokens of one client: each message is checked against all of them. */
export const TOKENS_MAX = 100;

type Refused = { readonly code: RefusalCode; readonly error: MessageError };

/**
 * Authorizes the use of participant names by the tokens that a client presented.
 * operations.presented-tokens.P1. Sending, fetching and settling as a registered program requires its token.
 * operations.presented-tokens.P3. A client that authenticated as a program acts as that program only.
 * operations.presented-tokens.P2. No client may send as an agent or as the server; any client may use `user` and names that are
 *   not registered.
 */
export class PresentedTokens {
  /** The workspace of the names. */
  readonly workspace: string;
  /** The client, if its permissions limit the runs that its messages start. */
  readonly onBehalfOf: RunCaller | undefined;
  readonly #services: TokenServices;
  readonly #hashes = new Set<string>();
  /** Whether the client presented a token, valid or not. */
  #hasShown = false;
  /** Cache of the last accepted name, valid for `#passedAt` changes of participants: most clients use one sender. */
  #passed = USER_SENDER;
  #passedAt = -1;

  /** The name of a client that is a program: it uses no other. */
  readonly #own: string | undefined;

  constructor(services: TokenServices, principal: Principal) {
    const { kind, name, workspace, tokens } = principal;
    this.#services = services;
    this.workspace = workspace;
    this.onBehalfOf = runCallerOf(principal);
    this.#own = kind === "participant" ? name : undefined;
    for (const token of tokens) this.show(token);
  }

  /** Adds a token, unless its format is invalid or the client has presented `TOKENS_MAX` others. */
  show(token: string): "added" | "invalid" | "full" {
    this.#hasShown = true;
    const hash = tokenHash(token);
    if (hash === undefined) return "invalid";
    if (this.#hashes.size >= TOKENS_MAX && !this.#hashes.has(hash)) return "full";
    this.#hashes.add(hash);
    this.#passedAt = -1;
    return "added";
  }

  /** The sender of messages that name none. */
  get sender(): string {
    return this.#own ?? USER_SENDER;
  }

  /** Returns why the client may not send as `name`; undefined if it may. */
  refusal(name: string): MessageError | undefined {
    const { tokensRequired, participants } = this.#services;
    if (!tokensRequired || (name === USER_SENDER && this.#own === undefined)) return undefined;
    if (name === this.#passed && this.#passedAt === participants.changes) return undefined;
    const refused = this.#judge(name);
    if (refused !== undefined) return refused.error;
    this.#passed = name;
    this.#passedAt = participants.changes;
    return undefined;
  }

  /** Throws SenderRefusedError if the client may not act as `name`. */
  authorize(name: string): void {
    const refused = this.#services.tokensRequired ? this.#judge(name) : undefined;
    if (refused !== undefined) throw new SenderRefusedError(refused.code, refused.error);
  }

  /** Throws SenderRefusedError if `name` is a program whose token was not presented. Agents are not checked. */
  authorizeProgram(name: string): void {
    const { participants } = this.#services;
    if (participants.find(this.workspace, name)?.presence === "participant") this.authorize(name);
  }

  /** Throws SenderRefusedError if `name` is a program with a token that was not presented; ParticipantNotFoundError. */
  authorizeToken(name: string): void {
    if (this.#services.participants.get(this.workspace, name).tokenHash !== undefined) this.authorize(name);
  }

  /**
   * Whether the client may change a conversation of these participants: it presented a token of one, or none, as operators do.
   */
  isOneOf(names: readonly string[]): boolean {
    const { tokensRequired } = this.#services;
    return !tokensRequired || !this.#hasShown || names.some((name) => this.#holds(name));
  }

  #judge(name: string): Refused | undefined {
    const { participants } = this.#services;
    const known = participants.find(this.workspace, name);
    const lower = name.toLowerCase();
    const isServers = lower === SYSTEM_SENDER || lower.startsWith(`${SYSTEM_SENDER}.`);
    if (known?.presence === "agent" || isServers) return forbidden(name);
    if (this.#own !== undefined && lower !== this.#own.toLowerCase()) return foreign(name, this.#own);
    if (known === undefined || this.#holds(known.name)) return undefined;
    return this.#hashes.size === 0 ? tokenMissing(known.name) : tokenInvalid(known.name);
  }

  #holds(name: string): boolean {
    for (const hash of this.#hashes) if (this.#services.participants.holds(this.workspace, name, hash)) return true;
    return false;
  }
}

/**
 * Without access control a program's token and keys are changed by its holder; with it, by a principal with the
 * permission, and if that is a program, only its own. Throws ParticipantNotFoundError, SenderRefusedError.
 */
export function requireToken(services: TokenServices, principal: Principal, name: string): void {
  const { kind, name: own } = principal;
  if (kind === "participant" && own.toLowerCase() !== name.toLowerCase()) {
    const { code, error } = foreign(name, own);
    throw new SenderRefusedError(code, error);
  }
  if (kind === "local") new PresentedTokens(services, principal).authorizeToken(name);
  else services.participants.get(principal.workspace, name);
}

const refused = (code: RefusalCode, message: string, hint: string, name: string): Refused => ({
  code,
  error: { code, message, hint, details: { name } },
});

const forbidden = (name: string): Refused =>
  refused(
    "SENDER_FORBIDDEN",
    `clients cannot send as ${name}, which the server runs`,
    "Omit sender to send as user, or register a program: caxton participant register <name>.",
    name,
  );

const foreign = (name: string, own: string): Refused =>
  refused("SENDER_FORBIDDEN", `the program ${own} cannot act as ${name}`, `Omit the name, or use ${own}.`, name);

const tokenMissing = (name: string): Refused =>
  refused(
    "PARTICIPANT_TOKEN_REQUIRED",
    `sending, fetching and settling as ${name} requires its token`,
    "Send Authorization: Bearer <token>, or set CAXTON_TOKEN. It was shown when the program was registered. If it is lost, delete the program and register it again.",
    name,
  );

const tokenInvalid = (name: string): Refused =>
  refused(
    "PARTICIPANT_TOKEN_INVALID",
    `the token is not that of ${name}`,
    "It may have been replaced or revoked. If the current one is lost, delete the program and register it again.",
    name,
  );
