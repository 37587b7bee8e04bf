import { audit } from "./001-audit.ts";
import { init } from "./001-init.ts";
import { remotes } from "./001-remotes.ts";
import { secrets } from "./001-secrets.ts";
import { threads } from "./001-threads.ts";
import { triggers } from "./001-triggers.ts";
import { users } from "./001-users.ts";
import { webhooks } from "./001-webhooks.ts";

/** Forward only. Append, never edit one that was released. */
export const MIGRATIONS: readonly string[] = [init + audit + users + secrets + triggers + threads + webhooks + remotes];

/** Version of the schema that the first migration makes; lower numbers are of schemas that were never released. */
export const FIRST_SCHEMA = 47;
export const SCHEMA = FIRST_SCHEMA + MIGRATIONS.length - 1;
