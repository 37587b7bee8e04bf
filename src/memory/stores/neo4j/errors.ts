import { CaxtonError } from "../../../kernel/errors.ts";
import { MemoryConflictError, MemoryUnavailableError } from "../../knowledge/index.ts";

/** What Neo4j's client says of a failure; empty when it is not the client's. Source: neo4j.com/docs/status-codes. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";

/** No answer, or the connection was lost on the way. */
export const isLost = (error: unknown): boolean => ["ServiceUnavailable", "SessionExpired"].includes(codeOf(error));

/** A conflict with another transaction, or a temporarily overloaded server. */
export const isTransient = (error: unknown): boolean => codeOf(error).startsWith("Neo.TransientError.");

/** A concurrent creation or deletion of the same data; a retry reads the new state. */
export const isConflict = (error: unknown): boolean =>
  ["Neo.ClientError.Schema.ConstraintValidationFailed", "Neo.ClientError.Statement.EntityNotFound"].includes(
    codeOf(error),
  );

/** The password is not, or no longer, the right one. */
export const isUnauthorized = (error: unknown): boolean =>
  /^Neo\.ClientError\.Security\.(?:Unauthorized|TokenExpired|CredentialsExpired)$/u.test(codeOf(error));

/** Another server has just made the same index. */
export const alreadyExists = (error: unknown): boolean =>
  /^Neo\.ClientError\.Schema\..*AlreadyExists$/u.test(codeOf(error));

/** The index is not there, or is being built. */
export const isWithoutIndex = (error: unknown): boolean =>
  /IndexNotFound|ProcedureCallFailed/u.test(codeOf(error)) && error instanceof Error && /index/iu.test(error.message);

/** The commit was sent and never answered. */
export class CommitUnknownError extends Error {
  constructor(cause: unknown) {
    super("the connection was lost while a transaction was committed", { cause });
  }
}

/** Nothing came within the time. */
export class TimeoutError extends Error {}

/** No connection became free, or none was made, within the time; the client has no code for it. */
const isWithoutConnection = (error: unknown): boolean =>
  error instanceof Error && /acquisition timed out/u.test(error.message);

type Place = { readonly url: string; readonly user: string; readonly database: string };
type Said = { readonly when: (code: string, error: unknown) => boolean; readonly what: string; readonly hint: string };

const REFUSALS = ({ url, user, database }: Place): readonly Said[] => [
  {
    when: (_code, error) => error instanceof CommitUnknownError,
    what: `Neo4j at ${url} was lost during a write, which may have succeeded`,
    hint: "Retrying is safe: nothing is written twice.",
  },
  {
    when: (code, error) =>
      error instanceof TimeoutError || isWithoutConnection(error) || /TransactionTimedOut/u.test(code),
    what: `Neo4j at ${url} did not answer in time`,
    hint: "Check its load and its log (logs/neo4j.log, logs/debug.log); SHOW TRANSACTIONS lists what it is doing. The write may have succeeded. Retrying is safe.",
  },
  {
    when: (code) => code === "Neo.ClientError.Security.CredentialsExpired",
    what: `Neo4j at ${url} wants ${user} to have another password first`,
    hint: "Run ALTER CURRENT USER SET PASSWORD FROM 'old' TO 'new' in its system database, and give the new one as the secret that memory.neo4j.password_secret names.",
  },
  {
    when: (code) => code === "Neo.ClientError.Security.AuthenticationRateLimit",
    what: `Neo4j at ${url} has locked ${user} for some seconds, after several wrong passwords`,
    hint: "Give the right password as the secret that memory.neo4j.password_secret names, and wait a little.",
  },
  {
    when: (_code, error) => isUnauthorized(error),
    what: `Neo4j at ${url} refused the password of ${user}`,
    hint: "Give the right one as the secret that memory.neo4j.password_secret names, or another user as memory.neo4j.user.",
  },
  {
    when: (code) => code.startsWith("Neo.ClientError.Security."),
    what: `${user} may not do at ${url} what memory needs`,
    hint: "The user reads and writes the database, and makes constraints and indexes in it.",
  },
  {
    when: (code) => code.startsWith("Neo.ClientError.Database.DatabaseNotFound"),
    what: `Neo4j at ${url} has no database ${database}`,
    hint: "SHOW DATABASES names them; the community edition has one, neo4j. Set memory.neo4j.database.",
  },
  {
    when: (code) =>
      code === "ServiceUnavailable" || code === "SessionExpired" || code.startsWith("Neo.TransientError."),
    what: `Neo4j at ${url} does not answer`,
    hint: "Start it, or set memory.neo4j.url to where it listens for Bolt (bolt+s:// when it encrypts). Nothing has to be done here afterwards.",
  },
];

/** What the client threw, as ours; never with the password. What Neo4j does not take for another reason stays as it is. */
export function toMemoryError(error: unknown, place: Place): unknown {
  if (error instanceof CaxtonError) return error;
  const code = codeOf(error);
  if (isConflict(error)) {
    return new MemoryConflictError("what was to be written is there already, or has just gone", "Try again.", {
      entity: "",
    });
  }
  const said = REFUSALS(place).find(({ when }) => when(code, error));
  return said ? new MemoryUnavailableError(said.what, said.hint, { backend: "neo4j" }, { cause: error }) : error;
}
