import { CaxtonError } from "../../../kernel/errors.ts";

/** A host that stands for an address which is not of the public internet. */
export class AddressRefusedError extends CaxtonError<{ readonly host: string; readonly address: string }> {
  readonly code = "ADDRESS_REFUSED";
  readonly kind = "rejected";
}
