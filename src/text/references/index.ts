/** References to keys and addresses in texts of the configuration and of definitions. */
export {
  type BoundSecret,
  type Environment,
  type FindSecret,
  REFERENCE,
  ReferenceUnresolvedError,
  References,
  type SecretFound,
  type SecretsOf,
  SecretUse,
  type StoredSecret,
  variablesIn,
} from "./references.ts";
