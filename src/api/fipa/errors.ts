import { CaxtonError } from "../../kernel/errors.ts";

/** What came over the FIPA transport is no message: its HTTP form, its envelope or its content. */
export class FipaContentError extends CaxtonError {
  readonly code = "FIPA_CONTENT_INVALID";
  readonly kind = "invalid";
  constructor(problem: string) {
    super(problem, "Send multipart/mixed with an envelope in XML and a message in fipa.acl.rep.string.std.", {});
  }
}
