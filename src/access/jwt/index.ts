export { IssuerUnreachableError } from "./errors.ts";
export { isJwt, JWT_ALGORITHMS, Tokens, type TokenUser, type TrustedIssuer } from "./tokens.ts";
