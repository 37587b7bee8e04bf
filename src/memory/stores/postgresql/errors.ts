import { CaxtonError } from "../../../kernel/errors.ts";
import { MemoryUnavailableError } from "../../knowledge/index.ts";

export const BACKEND = "postgresql";

/** Where the database is and who asks, without how it is proven. */
export type Place = { readonly host: string; readonly database: string; readonly user: string };

export const placeText = ({ host, database }: Place): string => `PostgreSQL at ${host}, database ${database},`;

/** PostgreSQL's SQLSTATEs. Source: its manual, appendix A. */
const STATE = {
  serialization: "40001",
  deadlock: "40P01",
  unique: "23505",
  foreignKey: "23503",
  password: "28P01",
  authorization: "28000",
  noDatabase: "3D000",
  denied: "42501",
  noFile: "58P01",
  notSupported: "0A000",
  undefinedFile: "42704",
  canceled: "57014",
  lockTimeout: "55P03",
  tooMany: "53300",
  diskFull: "53100",
  duplicateTable: "42P07",
  readOnly: "25006",
} as const;
const LOST_STATES: readonly string[] = ["57P01", "57P02", "57P03"];
const LOST_MESSAGE = /^Connection terminated|not queryable|connection timeout|timeout exceeded when trying to connect/u;

/** The client's own words when it has no password to give. */
const UNPROVEN = /^SASL: .*client password must be/u;
const PASSWORD_HINT =
  "Keep the user's password as a secret, in CAXTON_SECRET_<name> or a file of secrets.directories, and name it in memory.postgresql.password_secret.";

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
const codeOf = (error: unknown): string => (error instanceof Error && "code" in error ? textOf(error.code) : "");
const isSqlState = (code: string): boolean => /^[0-9A-Z]{5}$/u.test(code);

/** The connection is gone, or there is none; asked again over another one, it may be answered. */
export function isLost(error: unknown): boolean {
  const code = codeOf(error);
  if (isSqlState(code) && !code.startsWith("E")) return code.startsWith("08") || LOST_STATES.includes(code);
  return (
    error instanceof Error &&
    !(error instanceof CaxtonError) &&
    ("syscall" in error || code !== "" || LOST_MESSAGE.test(error.message))
  );
}

/** A serialization conflict; a retry sees the other transaction's changes. */
export const isContended = (error: unknown): boolean =>
  [STATE.serialization, STATE.deadlock, STATE.unique, STATE.foreignKey].some((state) => state === codeOf(error));

/** The wait for another session's lock timed out. */
export const isLocked = (error: unknown): boolean => codeOf(error) === STATE.lockTimeout;

/** What a failure is for those who asked; what is no failure of the database stays as it is. */
export function memoryError(error: unknown, place: Place): unknown {
  if (error instanceof CaxtonError || !(error instanceof Error)) return error;
  const code = codeOf(error);
  if (UNPROVEN.test(error.message)) return unavailable(place, `wants a password of ${place.user}`, PASSWORD_HINT);
  if (!isLost(error) && !isSqlState(code)) return error;
  const [what, hint] = saying(code, error.message, place);
  return new MemoryUnavailableError(`${placeText(place)} ${what}`, hint, { backend: BACKEND }, { cause: error });
}

function saying(code: string, message: string, { user, database }: Place): readonly [string, string] {
  switch (code) {
    case STATE.password:
    case STATE.authorization:
      return [
        `does not let ${user} in: ${message}`,
        "Check the user in memory.postgresql.url, and the secret that memory.postgresql.password_secret names.",
      ];
    case STATE.noDatabase:
      return ["does not exist", `Make it (CREATE DATABASE ${database}), or correct memory.postgresql.url.`];
    case STATE.denied:
      return [
        `does not allow that to ${user}: ${message}`,
        `Let the owner say: GRANT CREATE ON DATABASE ${database} TO ${user}; and, once, CREATE EXTENSION vector.`,
      ];
    case STATE.noFile:
    case STATE.notSupported:
    case STATE.undefinedFile:
      return [
        `has no pgvector: ${message}`,
        "Install pgvector 0.8 or later on the database's machine (on Debian and Ubuntu the package postgresql-<version>-pgvector).",
      ];
    case STATE.canceled:
    case STATE.lockTimeout:
      return [`did not answer in time: ${message}`, "Try again; look what else the database does (pg_stat_activity)."];
    case STATE.tooMany:
      return [
        `has no connection free: ${message}`,
        "Lower memory.postgresql.connections, or raise max_connections there.",
      ];
    case STATE.diskFull:
      return [`has no room left: ${message}`, "Make room on the database's disk."];
    case STATE.readOnly:
      return [`takes no writes: ${message}`, "Name the primary in memory.postgresql.url, not a replica."];
    case STATE.duplicateTable:
      return [
        `has other tables where memory should be: ${message}`,
        "Choose another memory.postgresql.schema; it is made where it is missing.",
      ];
    default:
      return [
        isSqlState(code) && !code.startsWith("E")
          ? `failed: ${message} (${code})`
          : `does not answer: ${message || code}`,
        "Check that it runs and can be reached from here (memory.postgresql.url); what is asked next connects again.",
      ];
  }
}

export const unavailable = (place: Place, what: string, hint: string): MemoryUnavailableError =>
  new MemoryUnavailableError(`${placeText(place)} ${what}`, hint, { backend: BACKEND });
