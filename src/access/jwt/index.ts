export { isJwt, JWT_ALGORITHMS, type TokenResult, Tokens, type TokenUser, type TrustedIssuer } from "./tokens.ts";
