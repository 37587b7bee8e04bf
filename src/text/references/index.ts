/** References to keys and addresses in texts of the configuration and of definitions. */
export {
  type Environment,
  ReferenceUnresolvedError,
  References,
  type SecretFound,
  SERVER_REFERENCE,
  variablesIn,
} from "./references.ts";
