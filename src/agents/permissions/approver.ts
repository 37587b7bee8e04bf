/** Who answers an approval. */
export type Approver = { readonly name: string; readonly role: string };

/** Any user of a server without authentication. */
export const LOCAL_APPROVER: Approver = { name: "local", role: "admin" };

const MASTER_ROLE = "admin";

/** Whether a person may answer: an admin always, others by their role if roles are named. */
export const mayAnswer = ({ role }: Approver, approvers: readonly string[]): boolean =>
  role === MASTER_ROLE || approvers.length === 0 || approvers.includes(role);
