export { audit } from "./audit.ts";
export { auth, whoami } from "./auth.ts";
export { context } from "./context.ts";
export { key } from "./key.ts";
export { workspace } from "./workspace.ts";
export { login, logout } from "./login.ts";
export { loginLink, user } from "./user.ts";
export { secret } from "./secret.ts";
