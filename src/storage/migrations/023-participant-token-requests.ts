/** Which request made a participant's token: carried out again after a crash, it makes no other's token anew. */
export const participantTokenRequests = `
ALTER TABLE participants ADD COLUMN token_request TEXT;
`;
