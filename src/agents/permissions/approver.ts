/** Who answers an approval. */
export type Approver = { readonly name: string; readonly roles: readonly string[] };

/** Any user of a server without authentication. */
export const LOCAL_APPROVER: Approver = { name: "local", roles: ["admin"] };

const MASTER_ROLE = "admin";

/** Returns the role by which a person may answer: an admin always, others if no roles are named or one of theirs is. */
export const answeringRole = ({ roles }: Approver, approvers: readonly string[]): string | undefined =>
  roles.find((role) => role === MASTER_ROLE) ??
  roles.find((role) => approvers.length === 0 || approvers.includes(role));
