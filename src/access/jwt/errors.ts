import { CaxtonError } from "../../kernel/errors.ts";

/** The configuration or the keys of an issuer cannot be fetched. */
export class IssuerUnreachableError extends CaxtonError {
  readonly code = "ISSUER_UNREACHABLE";
  readonly kind = "unavailable";
  override readonly retryAfterMs = 10_000;
  constructor(issuer: string, options?: ErrorOptions) {
    super(
      `the identity provider ${issuer} cannot be reached`,
      "Check its address, and that it can be reached from here; API keys work without it.",
      { issuer },
      options,
    );
  }
}
