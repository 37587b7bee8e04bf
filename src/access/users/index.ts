export { UserDisabledError, UserNotFoundError } from "./errors.ts";
export { isLoginToken, LoginLinks } from "./login-links.ts";
export { LOCAL_ISSUER } from "./user-store.ts";
export type { LinkStore, StoredLink, StoredUser, UserStore } from "./user-store.ts";
export { userPosition, Users } from "./users.ts";
