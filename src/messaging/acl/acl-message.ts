import { CaxtonError } from "../../kernel/errors.ts";
import { type Performative } from "./message.ts";

/** Who an agent of any platform is: a name for good, where it is reached, and who can say more. */
export type AgentIdentifier = {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly resolvers: readonly AgentIdentifier[];
  /** User-defined ones by their names as written, as in `X-colour`; of an expression, its text. */
  readonly parameters: Readonly<Record<string, string>>;
};

/** A message with the parameters of FIPA ACL (SC00061), as its text has them. */
export type AclMessage = {
  readonly performative: Performative;
  readonly sender: AgentIdentifier | undefined;
  readonly receiver: readonly AgentIdentifier[];
  readonly replyTo: readonly AgentIdentifier[];
  readonly content: string | undefined;
  readonly language: string | undefined;
  readonly encoding: string | undefined;
  readonly ontology: string | undefined;
  readonly protocol: string | undefined;
  readonly conversationId: string | undefined;
  readonly replyWith: string | undefined;
  readonly inReplyTo: string | undefined;
  /** As written, see `parseAclTime`. */
  readonly replyBy: string | undefined;
  /** User-defined ones by their names as written, as in `X-priority`; of an expression, its text. */
  readonly parameters: Readonly<Record<string, string>>;
};

/** The only thing that reading ACL text throws. `details.at` is the byte it happened at, from 0. */
export class AclTextError extends CaxtonError<{ readonly at: number }> {
  readonly code = "ACL_TEXT_INVALID";
  readonly kind = "invalid";
  constructor(problem: string, at: number) {
    super(`the ACL text ${problem}, at byte ${at}`, "Send the string representation fipa.acl.rep.string.std.", { at });
  }
}

/** An identifier of a name and addresses. */
export const agentIdentifier = (name: string, addresses: readonly string[] = []): AgentIdentifier => ({
  name,
  addresses,
  resolvers: [],
  parameters: {},
});
